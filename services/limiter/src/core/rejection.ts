import type { Attribution, Fact, PermitRequestOf, Policy } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { findInterval } from './evolve.ts';
import { isPaused } from './window.ts';

const quarterHour = 900_000;
/** No limit of any upstream is longer: a moment further away is a mistake in an answer. */
const day = 86_400_000;

/**
 * What a 429 does: the budget closes for everybody until the moment that upstream named, and it is noted whose doing it
 * was. The rejected call itself is requested once more, one lane up (`sync/retry-policy.ts` in the shared package).
 */
export function afterRejection(
  budget: BudgetState,
  { account, endpoint, permit, outcome }: PermitRequestOf<'settle'>,
  now: number,
): Fact[] {
  const { limit, windowMs } = policyOf(budget);
  const attribution = attribute(budget, permit, outcome.learned);
  // Calls that were rejected together have failed once.
  const consecutiveRejections = budget.record.consecutiveRejections + (isPaused(budget, now) ? 0 : 1);
  const pause = Math.min(
    outcome.retryAfterMs ?? unnamedPause(budget, outcome.learned, consecutiveRejections),
    day,
  );
  const until = Math.ceil(
    now + pause + budget.settings.epsilon + spreadOf(permit) * budget.settings.probeSpread,
  );
  return [
    { fact: 'rejected', account, endpoint, permit, at: now, policy: { limit, windowMs }, attribution },
    { fact: 'paused', account, endpoint, by: 'upstream', at: now, until, consecutiveRejections },
  ];
}

/** Whose doing a 429 was, by what the ledger holds of the window that the call fell into. */
function attribute(budget: BudgetState, permit: string, said: Policy | undefined): Attribution {
  const kept = policyOf(budget);
  const startedAt = findInterval(budget, permit)?.startedAt ?? 0;
  const others = budget.record.intervals.filter((each) => each.permit !== permit);
  // Whoever started later than this call could leave comes after it.
  const inWindow = others.filter(
    (each) =>
      each.arrivesBy + kept.windowMs > startedAt && each.startedAt <= startedAt + budget.settings.sendWithin,
  );
  if (inWindow.length >= kept.limit) return 'ours';
  if (said && (said.limit < kept.limit || said.windowMs > kept.windowMs)) return 'policy_changed';
  return others.some(({ settled }) => !settled) ? 'unreported_permit' : 'foreign_caller';
}

/** Grows with every failure. A window longer than was known may hold calls that are forgotten here: it is waited out. */
function unnamedPause(budget: BudgetState, said: Policy | undefined, consecutiveRejections: number): number {
  const longer = said && said.windowMs > policyOf(budget).windowMs ? said.windowMs : 0;
  return Math.max(longer, Math.min(quarterHour, 1_000 * 2 ** consecutiveRejections));
}

/** A number from 0 to 1 that differs from permit to permit and is the same whenever it is asked for (FNV-1a). */
function spreadOf(permit: string): number {
  let hash = 0x811c9dc5;
  for (const character of permit) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
