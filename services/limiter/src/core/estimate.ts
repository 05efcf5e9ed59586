import { type BudgetState, policyOf } from './budget.ts';
import { isForced, type Waiter } from './queue.ts';
import { freeAt } from './window.ts';

/** The number of windows over which forced arrivals are averaged. */
const memory = 20;

/** Counts a forced request, which may overtake the waiting ones. The count decays exponentially. */
export function recordForcedArrival(budget: BudgetState, now: number): void {
  const arrivals = budget.forcedArrivals;
  if (arrivals.since === 0) arrivals.since = now;
  arrivals.count = decayedCount(budget, now) + 1;
  arrivals.at = now;
}

/** Takes back a forced request that left the queue without a call. */
export function withdrawForcedArrival({ forcedArrivals }: BudgetState): void {
  forcedArrivals.count = Math.max(0, forcedArrivals.count - 1);
}

const decayedCount = (budget: BudgetState, now: number): number =>
  budget.forcedArrivals.count * Math.exp(-(now - budget.forcedArrivals.at) / span(budget));

const span = (budget: BudgetState): number => memory * policyOf(budget).windowMs;

/** Forced requests per ms: the decayed count over the time it covers. */
function forcedPerMs(budget: BudgetState, now: number): number {
  const { since } = budget.forcedArrivals;
  if (since === 0) return 0;
  const whole = span(budget);
  const covered = whole * -Math.expm1(-Math.max(now - since, policyOf(budget).windowMs) / whole);
  return decayedCount(budget, now) / covered;
}

/**
 * When the waiter at a position is expected to run: after the requests ahead of it, and after the forced requests that
 * will overtake it at their recent rate. None can overtake it later than the longest head start allows.
 */
export function estimateFor(budget: BudgetState, waiter: Waiter, position: number, now: number): number {
  const forced = isForced(waiter.request.lane);
  const at = (k: number) => freeAt(budget, now, k, 'typical', forced);
  const withoutOvertaking = at(position);
  if (forced) return Math.ceil(withoutOvertaking);
  const perMs = forcedPerMs(budget, now);
  const longest = Math.max(0, budget.settings.longestHeadStart + waiter.key - now);
  let expected = withoutOvertaking;
  // A longer wait is overtaken more often: a few rounds converge closely enough.
  for (let round = 0; round < 4 && perMs > 0; round += 1) {
    expected = at(position + upperBound(perMs * Math.min(expected - now, longest)));
  }
  return Math.ceil(expected);
}

/** The count that is not exceeded in 19 of 20 cases when `mean` arrive on average (Poisson). */
const upperBound = (mean: number): number => (mean === 0 ? 0 : Math.ceil(mean + 1.65 * Math.sqrt(mean)));
