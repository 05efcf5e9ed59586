import { policyOf } from './budget.ts';
import { freeAt, freeBefore } from './free-permits.ts';
import { mayUseReserve } from './order.ts';
import { sum } from './queue.ts';
import type { Sorted } from './sorted.ts';
import type { BudgetState, EndpointState, Waiter } from './state.ts';

/** The number of windows over which forced arrivals are averaged. */
const memory = 20;

/** Project ms over which a first forced request is spread, if the window isn't shorter. */
const leastCovered = 3_600_000;

/** Counts a forced request, which may overtake the waiting ones. The count decays exponentially. */
export function recordForcedArrival({ budgets }: EndpointState, now: number): void {
  for (const budget of budgets) {
    const arrivals = budget.forcedArrivals;
    if (arrivals.since === 0) arrivals.since = now;
    arrivals.count = decayedCount(budget, now) + 1;
    arrivals.at = now;
  }
}

/** Takes back a forced request that left the queue without a call. */
export function withdrawForcedArrival({ budgets }: EndpointState): void {
  for (const { forcedArrivals } of budgets) forcedArrivals.count = Math.max(0, forcedArrivals.count - 1);
}

const decayedCount = (budget: BudgetState, now: number): number =>
  budget.forcedArrivals.count * Math.exp(-(now - budget.forcedArrivals.at) / span(budget));

const span = (budget: BudgetState): number => memory * policyOf(budget).windowMs;

/** Forced requests per ms: the decayed count over the time it covers. */
function forcedPerMs(budget: BudgetState, now: number): number {
  const { since } = budget.forcedArrivals;
  if (since === 0) return 0;
  const whole = span(budget);
  const atLeast = Math.min(policyOf(budget).windowMs, leastCovered);
  const covered = whole * -Math.expm1(-Math.max(now - since, atLeast) / whole);
  return decayedCount(budget, now) / covered;
}

/** When a waiter is expected to run, and the budget that it waits for the longest. */
export interface Estimate {
  readonly at: number;
  readonly budget: BudgetState;
}

/**
 * When a waiter is expected to run: in each of its budgets after the requests ahead of it, and after the forced requests that
 * will overtake it at their recent rate. None can overtake it later than the longest head start allows.
 */
export const estimateFor = (waiter: Waiter, now: number): Estimate =>
  latest(waiter, now, (budget, position) => {
    const { forced, endpoint } = waiter;
    const at = (k: number) => freeAt(budget, now, k, 'typical', forced);
    const withoutOvertaking = at(position);
    if (forced) return Math.ceil(withoutOvertaking);
    const perMs = forcedPerMs(budget, now);
    const { paced } = budget.definition;
    // What waits for the pace is overtaken at any time, and for so long that the rate itself is uncertain.
    const longest = paced
      ? Infinity
      : Math.max(0, endpoint.pool.upstream.longestHeadStart + waiter.key - now);
    const counted = paced ? decayedCount(budget, now) : Infinity;
    let expected = withoutOvertaking;
    // A longer wait is overtaken more often: a few rounds converge closely enough.
    for (let round = 0; round < 4 && perMs > 0; round += 1) {
      expected = at(position + upperBound(perMs * Math.min(expected - now, longest), counted));
    }
    return Math.ceil(expected);
  });

/**
 * The number that is not exceeded in 19 of 20 cases when `mean` arrive on average (Poisson).
 * @param counted how many arrivals the mean was taken from
 */
const upperBound = (mean: number, counted: number): number =>
  mean === 0 ? 0 : Math.ceil(mean + 1.65 * Math.sqrt(mean + mean ** 2 / counted));

/** When the requests ahead leave a permit free; urgent requests that may overtake them do not count. */
export const behindOthers = (waiter: Waiter, now: number): Estimate =>
  latest(waiter, now, (budget, position) => freeAt(budget, now, position, 'typical', waiter.forced));

/**
 * The earliest time at which a waiter can start: as if every open call were answered now. Reserved permits count for any
 * request that is ahead of a waiting forced one.
 */
export const earliestFor = (waiter: Waiter, now: number): number =>
  latest(waiter, now, (budget, position) =>
    freeAt(budget, now, position, 'best', mayUseReserve(budget, waiter.forced)),
  ).at;

/** Estimates of other endpoints' requests settle in a few rounds. */
const maxRounds = 8;

/**
 * The latest time of a waiter's budgets at its position there. Requests for endpoints that need another budget may be
 * passed: of those ahead, only as many count as can start before it.
 */
function latest(
  waiter: Waiter,
  now: number,
  timeAt: (budget: BudgetState, position: number) => number,
): Estimate {
  const { budgets } = waiter.endpoint;
  let found: Estimate | undefined;
  let before = -Infinity;
  for (let round = 0; round < maxRounds && (found?.at ?? 0) > before; round += 1) {
    before = found?.at ?? now;
    const since = before;
    const estimates = budgets.map((budget) => ({
      budget,
      at: timeAt(
        budget,
        1 + sum(budget.endpoints, (other) => startingBefore(other, budget, waiter, now, since)),
      ),
    }));
    found = estimates.reduce((a, b) => (b.at > a.at ? b : a));
    if (budgets.every((budget) => budget.endpoints.length === 1)) break;
  }
  return found as Estimate;
}

/** How many of an endpoint's requests take a place in a budget before a waiter does, if that starts at `time`. */
function startingBefore(
  { lines, budgets }: EndpointState,
  budget: BudgetState,
  waiter: Waiter,
  now: number,
  time: number,
): number {
  const missing = budgets.filter((each) => !waiter.endpoint.budgets.includes(each));
  const startingIn = (line: Sorted<Waiter>, forced: boolean) => {
    const ahead = line.rankOf(waiter);
    if (missing.length === 0 || ahead === 0) return ahead;
    const free = missing.map((each) => freeBefore(each, now, time + 1, mayUseReserve(each, forced)));
    return Math.min(ahead, ...free);
  };
  // A forced request doesn't wait for the pace of others.
  const isPassed = waiter.forced && budget.definition.paced;
  return startingIn(lines.forced, true) + (isPassed ? 0 : startingIn(lines.scheduled, false));
}
