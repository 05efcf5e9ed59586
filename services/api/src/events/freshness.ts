import type { RankedEvent, ScheduleInForce } from '@paceline/shared/contracts';
import {
  classOf,
  eventKindOf,
  eventKinds,
  type Goals,
  isWithinGoal,
  urgentFrom,
} from '@paceline/shared/definition';

/** What decides when the signups of events are refreshed. */
export interface RefreshPlan {
  readonly now: number;
  /** The freshness goal of each class, project ms. */
  readonly goals: Goals;
  /** Undefined: the scheduler does not answer. */
  readonly schedule: Pick<ScheduleInForce, 'settings' | 'next' | 'pausedUntil'> | undefined;
  /** When the signups of an event are fetched next by event-sync's plan, project ms; empty when it does not answer. */
  readonly calls: ReadonlyMap<string, number>;
}

/** When the plan has its next call for each event. */
export const callsOf = (next: readonly RankedEvent[]): RefreshPlan['calls'] =>
  new Map(
    next.toReversed().flatMap(({ eventId, plannedAt }) => (plannedAt === null ? [] : [[eventId, plannedAt]])),
  );

interface FetchedEvent {
  readonly eventId: string;
  readonly startsAt: number;
  readonly delistedAt: number | null;
  readonly signupsFetchedAt: number | null;
}

const nothing = { class: null, goalMs: null, withinGoal: null, nextRefreshAt: null };

/** The freshness of an event's signups; nothing for an event that is not fetched now. */
export function freshnessOf(event: FetchedEvent, plan: RefreshPlan) {
  const { startsAt, delistedAt, signupsFetchedAt } = event;
  const name = delistedAt === null ? classOf(startsAt, plan.now) : undefined;
  if (name === undefined) return nothing;
  const withinGoal = isWithinGoal(signupsFetchedAt, startsAt, plan.goals, plan.now);
  return { class: name, goalMs: plan.goals[name], withinGoal, nextRefreshAt: nextRefreshOf(event, plan) };
}

/** When the plan has a call for it; else in the next slot, or when it is urgent, which waits for no slot but for the end of a pause. */
function nextRefreshOf(
  { eventId, startsAt, signupsFetchedAt }: FetchedEvent,
  { now, goals, schedule, calls }: RefreshPlan,
): number | null {
  const plannedAt = calls.get(eventId);
  const plannedKind = plannedAt === undefined ? undefined : eventKindOf(startsAt, plannedAt);
  if (plannedAt !== undefined && plannedKind && isOn(plannedKind, schedule)) return plannedAt;
  const slots = eventKinds.flatMap((kind) =>
    nextSlots(kind, now, schedule).filter((at) => eventKindOf(startsAt, at) === kind),
  );
  const [urgentKind] = eventKinds;
  const urgentAt = Math.max(
    urgentFrom(signupsFetchedAt, startsAt, goals),
    schedule?.pausedUntil?.[urgentKind] ?? 0,
  );
  const times = isOn(urgentKind, schedule) && urgentAt < startsAt ? [...slots, urgentAt] : slots;
  return times.length === 0 ? null : Math.min(...times);
}

type Kind = keyof ScheduleInForce['next'];
const isOn = (kind: Kind, schedule: RefreshPlan['schedule']) => schedule?.settings.kinds[kind].mode === 'on';

/** When the next slots of a kind open, project ms; none if it makes no calls. */
export const nextSlots = (kind: Kind, now: number, schedule: RefreshPlan['schedule']): number[] =>
  schedule && isOn(kind, schedule)
    ? schedule.next[kind].map(({ opensAt }) => opensAt).filter((at) => at > now)
    : [];
