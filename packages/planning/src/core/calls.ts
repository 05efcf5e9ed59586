import {
  type BudgetName,
  budgets,
  freshnessClasses,
  kindNames,
  kinds,
  laneNames,
  mapValues,
  type SyncKind,
  windowMarginMs,
} from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import { type Plan, soonKind } from './plan.ts';
import type { Stretch } from './timetable.ts';

export interface PlannedCall {
  readonly kind: SyncKind;
  /** Undefined for an urgent call, which needs no slot. */
  readonly slotId: string | undefined;
  readonly at: number;
}

/** From a call's start until its place in the window starts to expire: response time plus safety margin, project ms. */
export const callDurationMs: Readonly<Record<BudgetName, number>> = mapValues(
  budgets,
  ({ typicalMs }) => typicalMs + windowMarginMs,
);

export const urgentBudget: BudgetName = kinds[soonKind].budget;

/** The calls of a window that syncs can use: without those reserved for the forced lanes. */
export const limitForSyncs = ({ policies }: Plan, budget: BudgetName): number =>
  Math.max(1, policies[budget].limit - budgets[budget].reserve);

/** Sync kinds by lane, most urgent first. */
const kindsByUrgency: readonly SyncKind[] = kindNames.toSorted(
  (a, b) => laneNames.indexOf(kinds[a].lane) - laneNames.indexOf(kinds[b].lane),
);

/** The calls of a budget, oldest first, each as early as its window allows. A run makes one call at a time. */
export function callsOf(plan: Plan, { from, until, slots }: Stretch, budget: BudgetName): PlannedCall[] {
  const runs = kindsByUrgency
    .filter((kind) => kinds[kind].budget === budget)
    .flatMap((kind) => slots[kind].map((slot) => runOf(slot, plan.things[kind])));
  const urgent = budget === urgentBudget ? startsBetween(plan, from, until).map(urgentRun) : [];
  return simulateCalls(plan, budget, [...urgent, ...runs]);
}

/** A slot's run, or an urgent call. */
interface OpenRun {
  readonly kind: SyncKind;
  readonly slotId?: string;
  readonly endsAt: number;
  /** When it can make its next call. */
  readyAt: number;
  remaining: number;
}

/** Kinds with a list fetch it before their first call. */
const runOf = (slot: Slot, things: number): OpenRun => {
  const list = kinds[slot.kind].list;
  return { ...slot, readyAt: slot.scheduledFor + (list ? callDurationMs[list] : 0), remaining: things };
};

const urgentRun = (startsAt: number): OpenRun => ({
  kind: soonKind,
  readyAt: startsAt - freshnessClasses.urgent.fromMs,
  endsAt: startsAt,
  remaining: 1,
});

function simulateCalls(plan: Plan, budget: BudgetName, runs: OpenRun[]): PlannedCall[] {
  /** Latest first, so that the next run is popped from the end. */
  const upcoming = runs.toSorted((a, b) => b.readyAt - a.readyAt);
  const { windowMs } = plan.policies[budget];
  /** When each place in the window becomes free, earliest first. */
  const freeAt = Array<number>(limitForSyncs(plan, budget)).fill(-Infinity);
  const calls: PlannedCall[] = [];
  let open: OpenRun[] = [];
  for (let now = -Infinity; now < Infinity;) {
    while ((upcoming.at(-1)?.readyAt ?? Infinity) <= now) open.push(...upcoming.splice(-1));
    open = open.filter(({ remaining, endsAt }) => remaining > 0 && endsAt > now);
    const next = mostUrgent(open.filter(({ readyAt }) => readyAt <= now));
    if (next) {
      calls.push({ kind: next.kind, slotId: next.slotId, at: now });
      next.remaining -= 1;
      next.readyAt = now + callDurationMs[budget];
      freeAt.shift();
      freeAt.push(next.readyAt + windowMs);
    }
    const ready = Math.min(...open.map(({ readyAt }) => readyAt), upcoming.at(-1)?.readyAt ?? Infinity);
    now = Math.max(now, ready, freeAt[0] ?? now);
  }
  return calls;
}

const mostUrgent = (runs: readonly OpenRun[]): OpenRun | undefined =>
  runs.reduce<OpenRun | undefined>(
    (best, run) => (best && rankOf(best) <= rankOf(run) ? best : run),
    undefined,
  );

const rankOf = ({ slotId, kind }: OpenRun): number =>
  slotId === undefined ? -1 : kindsByUrgency.indexOf(kind);

const hour = 3_600_000;

/** Hours of the day (UTC) in which most events start: the evening in Europe. */
const busyHours: readonly number[] = [19, 20];

/** Start times: `things[soonKind]` in each busy hour, the day's other events spread evenly over the other hours. */
export function startsBetween({ things, eventsADay }: Plan, from: number, until: number): number[] {
  const busy = Math.min(things[soonKind], eventsADay / busyHours.length);
  const quiet = (eventsADay - busyHours.length * busy) / (24 - busyHours.length);
  const first = Math.floor(from / hour);
  const hours = Array.from({ length: Math.ceil(until / hour) - first }, (_, index) => first + index);
  return hours.flatMap((hourIndex) => {
    const perHour = busyHours.includes(hourIndex % 24) ? busy : quiet;
    // Fractions that one hour rounds off carry over to a later hour.
    const count = Math.floor((hourIndex + 1) * perHour) - Math.floor(hourIndex * perHour);
    return Array.from({ length: count }, (_, index) => hourIndex * hour + (index * hour) / count);
  });
}
