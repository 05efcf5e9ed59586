import { type BudgetState, policyOf } from './budget.ts';
import { isForced, type Waiter } from './queue.ts';
import { freeAt } from './window.ts';

/** Windows over which overtakers are counted. */
const memory = 20;

/** Notes that somebody came who may overtake those who wait: the count fades with time. */
export function countOvertaker(budget: BudgetState, now: number): void {
  const seen = budget.overtaking;
  if (seen.since === 0) seen.since = now;
  seen.count = faded(budget, now) + 1;
  seen.at = now;
}

/** Somebody who might have overtaken others has left the line without a call. */
export function uncountOvertaker({ overtaking: seen }: BudgetState): void {
  seen.count = Math.max(0, seen.count - 1);
}

const faded = (budget: BudgetState, now: number): number =>
  budget.overtaking.count * Math.exp(-(now - budget.overtaking.at) / span(budget));

const span = (budget: BudgetState): number => memory * policyOf(budget).windowMs;

/** How many overtakers come in one ms: the faded count over the time that it stands for. */
function overtakersPerMs(budget: BudgetState, now: number): number {
  const { since } = budget.overtaking;
  if (since === 0) return 0;
  const whole = span(budget);
  const watched = whole * -Math.expm1(-Math.max(now - since, policyOf(budget).windowMs) / whole);
  return faded(budget, now) / watched;
}

/**
 * When a waiter at a position may expect to run: behind those who stand ahead and those who, going by the last windows, will still
 * overtake it. Nobody is overtaken by who comes later than its lane's head start allows.
 */
export function estimateFor(budget: BudgetState, waiter: Waiter, position: number, now: number): number {
  const forced = isForced(waiter.ask.lane);
  const at = (k: number) => freeAt(budget, now, k, 'typical', forced);
  const bare = at(position);
  if (forced) return Math.ceil(bare);
  const perMs = overtakersPerMs(budget, now);
  const longest = Math.max(0, budget.settings.longestHeadStart + waiter.key - now);
  let expected = bare;
  // Whoever waits longer is overtaken by more: a few rounds come close enough.
  for (let round = 0; round < 4 && perMs > 0; round += 1) {
    expected = at(position + likely(perMs * Math.min(expected - now, longest)));
  }
  return Math.ceil(expected);
}

/** As many as nineteen times of twenty at the most, when `mean` come on average. */
const likely = (mean: number): number => (mean === 0 ? 0 : Math.ceil(mean + 1.65 * Math.sqrt(mean)));
