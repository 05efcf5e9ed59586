import type { Fact, PermitRequestOf } from '@paceline/shared/contracts';
import { foreignInUsage } from './book-foreign.ts';
import { learnedPolicies } from './policy.ts';
import { callOf } from './pool.ts';
import type { Decision } from './protocol.ts';
import { pauseAfter } from './rejection.ts';
import type { EndpointState } from './state.ts';

/**
 * Records how a call ended. An answered call has arrived by now, an unanswered one may arrive until the guard has
 * passed; neither later than assumed at its start. Repeating it changes nothing.
 */
export function settle(
  endpoint: EndpointState,
  { permit, outcome }: Pick<PermitRequestOf<'settle'>, 'permit' | 'outcome'>,
  now: number,
): Decision {
  const { account, settings } = endpoint.pool;
  const call = { account, endpoint: endpoint.name, permit, at: now };
  const settled = (facts: readonly Fact[] = []): Decision => ({ reply: { answer: 'settled' }, facts });
  const interval = callOf(endpoint, permit);
  if (interval?.settled) return settled();
  if (outcome.result === 'not_sent') return settled(interval ? [{ fact: 'returned', ...call }] : []);
  // A forgotten call no longer counts, but the policy that its answer reports still does.
  const learned = [
    ...pauseAfter(endpoint, permit, outcome, now),
    ...learnedPolicies(endpoint, permit, outcome, now),
  ];
  if (!interval) return settled(learned);
  const foreign = foreignInUsage(endpoint, interval, outcome, now);
  const arrivedBy = outcome.result === 'answered' ? now : now + settings.guard;
  const arrivesBy = Math.min(interval.arrivesBy, arrivedBy + settings.clockLag);
  return settled([{ fact: 'settled', ...call, arrivesBy, outcome }, ...learned, ...foreign]);
}
