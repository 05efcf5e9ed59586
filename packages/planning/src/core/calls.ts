import {
  type BudgetName,
  freshnessClasses,
  kindNames,
  kinds,
  laneNames,
  type SyncKind,
  windowMarginMs,
} from '@paceline/shared/definition';
import type { Slot } from '@paceline/shared/contracts';
import { type Plan, soonKind } from './plan.ts';
import type { Stretch } from './timetable.ts';
import { emptyWindow, type WindowFilling } from './windows.ts';

export interface PlannedCall {
  readonly kind: SyncKind;
  /** Undefined for an urgent call, which needs no slot. */
  readonly slotId: string | undefined;
  readonly at: number;
}

/** From a call's start until its place in the window starts to expire: response time plus safety margin, project ms. */
export const callDurationMs = ({ typicalMs }: Plan, endpoint: BudgetName): number =>
  typicalMs[endpoint] + windowMarginMs;

export const urgentBudget: BudgetName = kinds[soonKind].budget;

/** Sync kinds by lane, most urgent first. */
const kindsByUrgency: readonly SyncKind[] = kindNames.toSorted(
  (a, b) => laneNames.indexOf(kinds[a].lane) - laneNames.indexOf(kinds[b].lane),
);

/** The calls of an endpoint, oldest first, each as early as its windows allow. A run makes one call at a time. */
export function callsOf(plan: Plan, { from, until, slots }: Stretch, budget: BudgetName): PlannedCall[] {
  const runs = kindsByUrgency
    .filter((kind) => kinds[kind].budget === budget)
    .flatMap((kind) => slots[kind].map((slot) => runOf(plan, slot)));
  const urgent = budget === urgentBudget ? startsBetween(plan, from, until).map(urgentRun) : [];
  return simulateCalls(plan, budget, [...urgent, ...runs]);
}

/** A slot's run, or an urgent call. */
interface OpenRun {
  readonly kind: SyncKind;
  /** The lowest goes first. */
  readonly rank: number;
  readonly slotId?: string;
  readonly endsAt: number;
  /** When it can make its next call. */
  readyAt: number;
  remaining: number;
}

/** Kinds with a list fetch it before their first call. */
const runOf = (plan: Plan, slot: Slot): OpenRun => {
  const list = kinds[slot.kind].list;
  const { slotId, kind, endsAt } = slot;
  const readyAt = slot.scheduledFor + (list ? callDurationMs(plan, list) : 0);
  return { slotId, kind, rank: kindsByUrgency.indexOf(kind), endsAt, readyAt, remaining: plan.things[kind] };
};

const urgentRun = (startsAt: number): OpenRun => ({
  kind: soonKind,
  rank: -1,
  readyAt: startsAt - freshnessClasses.urgent.fromMs,
  endsAt: startsAt,
  remaining: 1,
});

function simulateCalls(plan: Plan, budget: BudgetName, runs: OpenRun[]): PlannedCall[] {
  /** Latest first, so that the next run is popped from the end. */
  const upcoming = runs.toSorted((a, b) => b.readyAt - a.readyAt);
  const windows = plan.windows[budget].map(emptyWindow);
  const calls: PlannedCall[] = [];
  const open: OpenRun[] = [];
  for (let now = -Infinity; now < Infinity;) {
    while ((upcoming.at(-1)?.readyAt ?? Infinity) <= now) open.push(...upcoming.splice(-1));
    const next = takeMostUrgent(open, now);
    if (next) {
      calls.push({ kind: next.kind, slotId: next.slotId, at: now });
      next.remaining -= 1;
      next.readyAt = now + callDurationMs(plan, budget);
      for (const window of windows) window.book(now, now + plan.typicalMs[budget]);
    }
    let ready = upcoming.at(-1)?.readyAt ?? Infinity;
    for (const { readyAt } of open) ready = Math.min(ready, readyAt);
    now = Math.max(now, ready);
    if (now < Infinity) now = freeInAll(windows, now);
  }
  return calls;
}

/** When a call is possible in every window: waiting for one can end in the next span of another. */
export function freeInAll(windows: readonly WindowFilling[], from: number): number {
  const at = Math.max(from, ...windows.map((window) => window.freeFrom(from)));
  return at === from ? at : freeInAll(windows, at);
}

/** The most urgent run that can make a call now, the first of equals. Removes runs that have ended. */
function takeMostUrgent(open: OpenRun[], now: number): OpenRun | undefined {
  let best: OpenRun | undefined;
  let kept = 0;
  for (const run of open) {
    if (run.remaining === 0 || run.endsAt <= now) continue;
    open[kept] = run;
    kept += 1;
    if (run.readyAt <= now && (!best || run.rank < best.rank)) best = run;
  }
  open.length = kept;
  return best;
}

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
