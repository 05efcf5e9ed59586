import type { ScheduleInForce } from '@paceline/shared/contracts';
import {
  classOf,
  classSpan,
  eventKindOf,
  eventKinds,
  type FreshnessClass,
} from '@paceline/shared/definition';

/** What decides when the signups of events are refreshed. */
export interface RefreshPlan {
  readonly now: number;
  /** The freshness goal of each class, project ms. */
  readonly goals: Readonly<Record<FreshnessClass, number>>;
  /** Undefined: the scheduler does not answer. */
  readonly schedule: Pick<ScheduleInForce, 'settings' | 'next' | 'pausedUntil'> | undefined;
}

interface FetchedEvent {
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
  const goalMs = plan.goals[name];
  const withinGoal = signupsFetchedAt !== null && plan.now - signupsFetchedAt < goalMs;
  return { class: name, goalMs, withinGoal, nextRefreshAt: nextRefreshOf(event, withinGoal, plan) };
}

/** Urgent events don't wait for a slot; they are refreshed once in the last minutes, and again when older than the goal. */
function nextRefreshOf(
  { startsAt, signupsFetchedAt }: FetchedEvent,
  withinGoal: boolean,
  { now, schedule }: RefreshPlan,
): number | null {
  const urgent = classSpan('urgent', startsAt);
  const isDue = now >= urgent.from && !(withinGoal && (signupsFetchedAt ?? 0) >= urgent.from);
  const kind = eventKindOf(startsAt, now);
  const pausedUntil = (kind && schedule?.pausedUntil?.[kind]) ?? 0;
  if (isDue && isOn(kind, schedule) && pausedUntil < startsAt) return Math.max(urgent.from, pausedUntil);
  const slots = eventKinds.flatMap((kind) =>
    nextSlots(kind, now, schedule).filter((at) => eventKindOf(startsAt, at) === kind),
  );
  return slots.length === 0 ? null : Math.min(...slots);
}

type Kind = keyof ScheduleInForce['next'];
const isOn = (kind: Kind | undefined, schedule: RefreshPlan['schedule']) =>
  kind !== undefined && schedule?.settings.kinds[kind].mode === 'on';

/** When the next slots of a kind open, project ms; none if it makes no calls. */
export const nextSlots = (kind: Kind, now: number, schedule: RefreshPlan['schedule']): number[] =>
  schedule && isOn(kind, schedule)
    ? schedule.next[kind].map(({ opensAt }) => opensAt).filter((at) => at > now)
    : [];
