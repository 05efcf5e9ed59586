import {
  type Budget,
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
  /** Undefined: an urgent call, which waits for no slot. */
  readonly slotId: string | undefined;
  readonly at: number;
}

/** From a call's start to its answer, and the second by which the limiter keeps its distance; project ms. */
export const callMs: Readonly<Record<Budget, number>> = mapValues(
  budgets,
  ({ typicalMs }) => typicalMs + windowMarginMs,
);

export const urgentBudget: Budget = kinds[soonKind].budget;

/** Who goes first when several wait, after urgent calls. */
const byUrgency: readonly SyncKind[] = kindNames.toSorted(
  (a, b) => laneNames.indexOf(kinds[a].lane) - laneNames.indexOf(kinds[b].lane),
);

/** A budget's calls, oldest first, as early as windows (counted from answers) allow; each run calls one after the other. */
export function callsOf(plan: Plan, { from, until, slots }: Stretch, budget: Budget): PlannedCall[] {
  const runs = byUrgency
    .filter((kind) => kinds[kind].budget === budget)
    .flatMap((kind) => slots[kind].map((slot) => runOf(slot, plan.things[kind])));
  const urgent = budget === urgentBudget ? startsBetween(plan, from, until).map(urgentRun) : [];
  return spend(plan, budget, [...urgent, ...runs]);
}

/** A slot's run, or an urgent call. */
interface OpenRun {
  readonly kind: SyncKind;
  readonly slotId?: string;
  readonly endsAt: number;
  /** When its next call could be sent. */
  readyAt: number;
  left: number;
}

/** The list comes before the first signups. */
const runOf = (slot: Slot, things: number): OpenRun => {
  const list = kinds[slot.kind].list;
  return { ...slot, readyAt: slot.scheduledFor + (list ? callMs[list] : 0), left: things };
};

const urgentRun = (startsAt: number): OpenRun => ({
  kind: soonKind,
  readyAt: startsAt - freshnessClasses.urgent.fromMs,
  endsAt: startsAt,
  left: 1,
});

function spend({ policies }: Plan, budget: Budget, runs: OpenRun[]): PlannedCall[] {
  /** The next one last. */
  const coming = runs.toSorted((a, b) => b.readyAt - a.readyAt);
  const { limit, windowMs } = policies[budget];
  /** When each place of the window is free, the first to be so first. */
  const places = Array<number>(Math.max(1, limit - budgets[budget].reserve)).fill(-Infinity);
  const calls: PlannedCall[] = [];
  let open: OpenRun[] = [];
  for (let now = -Infinity; now < Infinity;) {
    while ((coming.at(-1)?.readyAt ?? Infinity) <= now) open.push(...coming.splice(-1));
    open = open.filter(({ left, endsAt }) => left > 0 && endsAt > now);
    const next = mostUrgent(open.filter(({ readyAt }) => readyAt <= now));
    if (next) {
      calls.push({ kind: next.kind, slotId: next.slotId, at: now });
      next.left -= 1;
      next.readyAt = now + callMs[budget];
      places.shift();
      places.push(next.readyAt + windowMs);
    }
    const ready = Math.min(...open.map(({ readyAt }) => readyAt), coming.at(-1)?.readyAt ?? Infinity);
    now = Math.max(now, ready, places[0] ?? now);
  }
  return calls;
}

/** The first of those of the lowest rank. */
const mostUrgent = (runs: readonly OpenRun[]): OpenRun | undefined =>
  runs.reduce<OpenRun | undefined>(
    (best, run) => (best && rankOf(best) <= rankOf(run) ? best : run),
    undefined,
  );

const rankOf = ({ slotId, kind }: OpenRun): number => (slotId === undefined ? -1 : byUrgency.indexOf(kind));

const hour = 3_600_000;

/** The hours of the day (UTC) in which most events start: Europe's evening. */
const busyHours: readonly number[] = [19, 20];

/** Start times: `things[soonKind]` in each busy hour, the rest of a day's events evenly over the other hours. */
export function startsBetween({ things, eventsADay }: Plan, from: number, until: number): number[] {
  const busy = Math.min(things[soonKind], eventsADay / busyHours.length);
  const quiet = (eventsADay - busyHours.length * busy) / (24 - busyHours.length);
  const first = Math.floor(from / hour);
  const hours = Array.from({ length: Math.ceil(until / hour) - first }, (_, index) => first + index);
  return hours.flatMap((each) => {
    const rate = busyHours.includes(each % 24) ? busy : quiet;
    // Rates are no whole numbers: what an hour rounds off, a later one makes up for.
    const count = Math.floor((each + 1) * rate) - Math.floor(each * rate);
    return Array.from({ length: count }, (_, index) => each * hour + (index * hour) / count);
  });
}
