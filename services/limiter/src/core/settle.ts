import type { Fact, PermitRequestOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { findInterval } from './evolve.ts';
import { lessons } from './policy.ts';
import type { Decision } from './protocol.ts';
import { afterRejection } from './rejection.ts';

/**
 * Books how a call ended. An answered call arrived before now, so the window counts from now; one without an answer
 * may still arrive for a while; none arrives later than was assumed at its start. Asked again, it changes nothing.
 */
export function settle(budget: BudgetState, ask: PermitRequestOf<'settle'>, now: number): Decision {
  const { account, endpoint, permit, outcome } = ask;
  const settled = (facts: readonly Fact[] = []): Decision => ({ answer: { answer: 'settled' }, facts });
  const interval = findInterval(budget, permit);
  if (interval?.settled) return settled();
  if (outcome.result === 'not_sent')
    return settled(interval ? [{ fact: 'returned', account, endpoint, permit, at: now }] : []);
  // A call that long ago counts no more, but what upstream said to it still does.
  const learned = [
    ...(outcome.status === 429 ? afterRejection(budget, ask, now) : []),
    ...lessons(budget, permit, outcome, now),
  ];
  if (!interval) return settled(learned);
  const arrivedBy = outcome.result === 'answered' ? now : now + budget.settings.guard;
  const arrivesBy = Math.min(interval.arrivesBy, arrivedBy + budget.settings.clockLag);
  return settled([{ fact: 'settled', account, endpoint, permit, arrivesBy, outcome, at: now }, ...learned]);
}
