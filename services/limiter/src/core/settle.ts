import type { Fact, PermitRequestOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { learnedPolicy } from './policy.ts';
import type { Decision } from './protocol.ts';
import { pauseAfter } from './rejection.ts';

/**
 * Records how a call ended. An answered call has arrived by now, an unanswered one may arrive until the guard has
 * passed; neither later than assumed at its start. Repeating it changes nothing.
 */
export function settle(budget: BudgetState, request: PermitRequestOf<'settle'>, now: number): Decision {
  const { account, endpoint, permit, outcome } = request;
  const settled = (facts: readonly Fact[] = []): Decision => ({ reply: { answer: 'settled' }, facts });
  const interval = budget.calls.get(permit);
  if (interval?.settled) return settled();
  if (outcome.result === 'not_sent')
    return settled(interval ? [{ fact: 'returned', account, endpoint, permit, at: now }] : []);
  // A forgotten call no longer counts, but the policy that its answer reports still does.
  const learned = [...pauseAfter(budget, request, now), ...learnedPolicy(budget, permit, outcome, now)];
  if (!interval) return settled(learned);
  const arrivedBy = outcome.result === 'answered' ? now : now + budget.settings.guard;
  const arrivesBy = Math.min(interval.arrivesBy, arrivedBy + budget.settings.clockLag);
  return settled([{ fact: 'settled', account, endpoint, permit, arrivesBy, outcome, at: now }, ...learned]);
}
