import type { FactOf, Interval, Outcome } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { type Comparison, compareUsage } from './counters.ts';
import { foreignAfter } from './foreign-calls.ts';
import type { BudgetState, EndpointState } from './state.ts';
import { countedSince, nextWindow } from './window.ts';

/** Windows without a sign of other programs after which their use has ended. */
const quietWindows = 2;

/** The calls of other programs that an answer's counters show, beyond those that are booked. */
export const foreignInUsage = (
  { budgets }: EndpointState,
  call: Interval,
  outcome: Outcome,
  now: number,
): FactOf<'foreign_booked'>[] =>
  budgets.flatMap((budget) => {
    const { confirmed } = compare(budget, call, outcome, now) ?? { confirmed: 0 };
    return book(budget, 'counter', confirmed, now, now);
  });

/** What an answer says of a budget's counter, beside the ledger; undefined for nothing. */
export function compare(
  budget: BudgetState,
  { startedAt }: Interval,
  { result, usage }: Outcome,
  answeredAt: number,
): Comparison | undefined {
  const said = usage?.find((each) => each.budget === budget.record.endpoint);
  // Calls of ours that the ledger doesn't know would look like those of others.
  if (!said || result !== 'answered' || (budget.record.unknownUntil ?? 0) > startedAt) return undefined;
  const since = countedSince(budget, startedAt);
  return compareUsage(budget.reading, {
    usage: said,
    limit: policyOf(budget).limit,
    resets: budget.definition.resets,
    startedAt,
    answeredAt,
    since,
    ours: budget.calls.countAfter(since),
  });
}

/**
 * The calls of other programs by which a budget is full that a 429 is about, until its pause ends. Those of an aligned window
 * would end with it, so they are booked only if nothing can be called until then.
 */
export function foreignInRejection(
  budget: BudgetState,
  outcome: Outcome,
  until: number,
  now: number,
): FactOf<'foreign_booked'>[] {
  const { limit, windowMs } = policyOf(budget);
  const ours = budget.calls.countAfter(countedSince(budget, now));
  const isAligned = budget.definition.resets === 'aligned';
  if (isAligned && until < nextWindow(budget, now) && !isSaidFull(budget, outcome)) return [];
  const earliest = Math.floor(until - windowMs - budget.settings.epsilon);
  const arrivesBy = isAligned ? now : Math.min(now, earliest);
  return book(budget, 'rejection', limit - ours, Math.max(0, arrivesBy), now);
}

/** Books as many calls as lack to that number. */
function book(
  budget: BudgetState,
  by: 'counter' | 'rejection',
  count: number,
  arrivesBy: number,
  now: number,
): FactOf<'foreign_booked'>[] {
  const { account, endpoint, foreign } = budget.record;
  const calls = count - foreignAfter(foreign, countedSince(budget, now));
  if (calls <= 0) return [];
  const since = foreign && !hasEnded(budget, now) ? foreign.since : now;
  return [{ fact: 'foreign_booked', account, endpoint, by, at: now, since, arrivesBy, calls }];
}

/** Whether no sign of other programs was seen for a while. */
export const hasEnded = (budget: BudgetState, now: number): boolean =>
  (budget.record.foreign?.lastAt ?? 0) + quietWindows * policyOf(budget).windowMs <= now;

/** Whether an answer says that a budget has no call left. */
export const isSaidFull = ({ record }: BudgetState, { usage }: Outcome): boolean =>
  usage?.some(
    ({ budget, limit, used, remaining }) =>
      budget === record.endpoint && (remaining === 0 || (used ?? 0) >= (limit ?? Infinity)),
  ) ?? false;
