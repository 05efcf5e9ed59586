import type { Budget, SyncKind, Tick } from '@paceline/shared/contracts';
import { budgetOf, listBudgetOf, type Plan } from './plan.ts';
import type { Stretch } from './timetable.ts';

/** A call that a slot makes for one club or event. */
export interface Call {
  readonly kind: SyncKind;
  readonly slotId: string;
  readonly at: number;
}

/** From a call's start to its answer, and the second by which the limiter keeps its distance; project ms. */
export const callMs: Readonly<Partial<Record<Budget, number>>> = {
  clubs: 61_000,
  events: 3_000,
  signups: 3_000,
};

/** Places that the limiter keeps for those who can't wait, where a window has several. */
const kept: Readonly<Partial<Record<Budget, number>>> = { clubs: 1 };

/** Who goes first when several wait. */
const byUrgency: readonly SyncKind[] = ['near', 'rider', 'far'];

/**
 * The calls that slots make when there is always something to refresh, as early as the windows let them, oldest first.
 * A window counts from the answer. A run makes one call after the other, and none twice for the same thing.
 */
export function callsIn(plan: Plan, { slots }: Pick<Stretch, 'slots'>): Call[] {
  const shared = Map.groupBy(byUrgency, (kind) => budgetOf[kind]);
  return [...shared]
    .flatMap(([budget, kinds]) => {
      const runs = kinds.flatMap((kind) => slots[kind].map((slot) => runOf(slot, plan.things[kind])));
      return spend(plan, budget, runs);
    })
    .toSorted((a, b) => a.at - b.at);
}

/** A slot's run: when its next call could be sent, and how many it still has to make. */
interface Running {
  readonly slot: Tick;
  readyAt: number;
  left: number;
}

/** The list comes before the first signups. */
const runOf = (slot: Tick, things: number): Running => {
  const list = listBudgetOf[slot.kind];
  return { slot, readyAt: slot.scheduledFor + (list ? lasting(list) : 0), left: things };
};

const lasting = (budget: Budget): number => callMs[budget] ?? 0;

function spend({ policies }: Plan, budget: Budget, runs: Running[]): Call[] {
  const coming = runs.toSorted((a, b) => b.readyAt - a.readyAt);
  const { limit, windowMs } = policies[budget];
  /** When each place of the window is free, the first to be so first. */
  const places = Array<number>(Math.max(1, limit - (kept[budget] ?? 0))).fill(-Infinity);
  const calls: Call[] = [];
  let open: Running[] = [];
  for (let now = -Infinity; now < Infinity;) {
    while ((coming.at(-1)?.readyAt ?? Infinity) <= now) open.push(...coming.splice(-1));
    open = open.filter(({ slot, left }) => left > 0 && slot.endsAt > now);
    const next = mostUrgent(open.filter(({ readyAt }) => readyAt <= now));
    if (next) {
      calls.push({ kind: next.slot.kind, slotId: next.slot.slotId, at: now });
      next.left -= 1;
      next.readyAt = now + lasting(budget);
      places.shift();
      places.push(next.readyAt + windowMs);
    }
    const ready = Math.min(...open.map(({ readyAt }) => readyAt), coming.at(-1)?.readyAt ?? Infinity);
    now = Math.max(now, ready, places[0] ?? now);
  }
  return calls;
}

const mostUrgent = (runs: readonly Running[]): Running | undefined =>
  runs.toSorted((a, b) => byUrgency.indexOf(a.slot.kind) - byUrgency.indexOf(b.slot.kind))[0];
