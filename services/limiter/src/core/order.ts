import { freeAt, freeBefore } from './free-permits.ts';
import { maxArrivalDelay } from './ledger.ts';
import { headsOf, sum, waitingIn } from './queue.ts';
import { available, leavesAt, nextWindow } from './window.ts';
import type { BudgetState, EndpointState, Pool, Waiter } from './state.ts';

/*
 * The order of the queue is kept, with one exception: a request may pass earlier ones that wait for a budget which it
 * doesn't need, if none of them starts later by it.
 */

/** The waiter that goes next; undefined while none can. */
export function nextWaiter(pool: Pool, now: number): Waiter | undefined {
  if (!pool.endpoints.some((endpoint) => isOpen(endpoint, now))) return undefined;
  const ahead: Waiter[] = [];
  for (const head of headsOf(pool)) {
    if (hasRoom(head, now) && !delaysAny(head, ahead, now)) return head;
    ahead.push(head);
  }
  return undefined;
}

/** Whether requests wait for an endpoint of which at least a forced call can start. */
const isOpen = ({ lines, budgets }: EndpointState, now: number): boolean =>
  waitingIn(lines) > 0 && budgets.every((budget) => available(budget, now, true) > 0);

const hasRoom = (waiter: Waiter, now: number): boolean =>
  waiter.endpoint.budgets.every(
    (budget) => available(budget, now, waiter.forced || usesReserve(budget, now)) > 0,
  );

/**
 * Whether lanes that are not forced may use the reserve: a forced request would take the place at once otherwise. Then queue
 * order decides, or scheduled requests would never go while forced ones keep coming. They never run ahead of the pace.
 */
const usesReserve = (budget: BudgetState, now: number): boolean =>
  !budget.definition.paced &&
  budget.endpoints.some(
    ({ lines, budgets }) => lines.forced.size > 0 && budgets.every((each) => available(each, now, true) > 0),
  );

/** Whether forced requests wait that may take the places of a budget's reserve some time. */
export const mayUseReserve = (budget: BudgetState, forced: boolean): boolean =>
  forced || (!budget.definition.paced && budget.endpoints.some(({ lines }) => lines.forced.size > 0));

/** @param ahead the first waiter of each line that is ahead of this one and has to wait */
function delaysAny(waiter: Waiter, ahead: readonly Waiter[], now: number): boolean {
  // A forced request doesn't wait for the pace of others.
  const others = waiter.forced ? ahead.filter((other) => other.forced || !waitsForPace(other, now)) : ahead;
  return others.length > 0 && waiter.endpoint.budgets.some((budget) => delaysIn(budget, waiter, others, now));
}

const waitsForPace = ({ endpoint: { budgets } }: Waiter, now: number): boolean =>
  budgets.some(
    (budget) =>
      budget.definition.paced && available(budget, now, false) === 0 && available(budget, now, true) > 0,
  );

/**
 * Whether an earlier request would find no place in a budget while the call of this one counts there. How many of them can
 * start by then follows from their own budgets.
 */
function delaysIn(budget: BudgetState, waiter: Waiter, ahead: readonly Waiter[], now: number): boolean {
  const { paced } = budget.definition;
  const others = ahead.filter(
    (other) => other.endpoint.budgets.includes(budget) && !(paced && waiter.forced && !other.forced),
  );
  if (others.length === 0) return false;
  const leaves = leavesAt(budget, latestArrival(waiter.endpoint, now));
  const first = Math.min(...others.map((other) => startsAt(other, now, 1)));
  if (first >= leaves) return false;
  const forced = others.every((other) => other.forced);
  const lacks = (at: number, starting: number) => available(budget, at, forced) < starting + 1;
  const lines = others.map((other) => ({ other, count: lineAhead(other, waiter) }));
  if (!paced) {
    const startBefore = (time: number) =>
      sum(lines, ({ other, count }) =>
        Math.min(count, canStartBefore(other.endpoint.budgets, other, now, time)),
      );
    return lacks(first, startBefore(leaves));
  }
  // A call that may arrive in the next window takes a place of its pace, too.
  if (leaves > nextWindow(budget, now)) return true;
  // Between these times both the pace and the number of those that can start grow evenly; one more covers rounding.
  const asLong = ({ endpoint }: Waiter) =>
    endpoint.budgets.filter(
      (each) => each.definition.resets === 'aligned' && nextWindow(each, now) >= nextWindow(budget, now),
    );
  const all = lines.map(({ other, count }) => startsAt(other, now, count, asLong(other)));
  return [first, leaves - 1, ...all].some((time) => {
    if (time >= leaves) return false;
    const starting = sum(lines, ({ other, count }) =>
      Math.min(count, canStartBefore(asLong(other), other, now, time + 1)),
    );
    return lacks(time, starting + 1);
  });
}

const latestArrival = ({ definition, pool: { settings } }: EndpointState, now: number): number =>
  now + settings.startWithin + maxArrivalDelay(definition, settings);

/** How many requests of a line are ahead of a waiter. */
const lineAhead = ({ endpoint: { lines }, forced }: Waiter, waiter: Waiter): number =>
  (forced ? lines.forced : lines.scheduled).rankOf(waiter);

/** When the k-th request of a waiter's line can start at the earliest. */
const startsAt = (
  { endpoint, forced }: Waiter,
  now: number,
  k: number,
  budgets: readonly BudgetState[] = endpoint.budgets,
): number =>
  Math.max(...budgets.map((budget) => freeAt(budget, now, k, 'best', mayUseReserve(budget, forced))));

const canStartBefore = (
  budgets: readonly BudgetState[],
  { forced }: Waiter,
  now: number,
  time: number,
): number =>
  Math.min(...budgets.map((budget) => freeBefore(budget, now, time, mayUseReserve(budget, forced))));
