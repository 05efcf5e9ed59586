import type { Fact, FactOf, Interval, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { withdrawForcedArrival } from './estimate.ts';
import { findInterval } from './evolve.ts';
import { dequeue } from './grant.ts';
import { isFor, type Ledger, maxArrivalDelay } from './ledger.ts';
import type { Decision } from './protocol.ts';
import { isForced } from './queue.ts';
import { isPaused } from './window.ts';

/** The commit point: the call counts from here on, before it is made. A repeated start counts nothing more. */
export function start(
  ledger: Ledger,
  budget: BudgetState,
  request: PermitRequestOf<'start'>,
  now: number,
): Decision {
  const started = findInterval(budget, request.permit);
  if (started) return { reply: startedReply(ledger, started, now), facts: [] };
  const grant = budget.grants.find(({ permit }) => permit === request.permit);
  if (!grant || grant.startBy <= now || isPaused(budget, now)) {
    budget.grants = budget.grants.filter((each) => each !== grant);
    return { reply: { answer: 'expired' }, facts: [] };
  }
  const { account, endpoint, permit } = request;
  const { lane, requestedAt, firstEstimate = null } = grant;
  const arrivesBy = now + maxArrivalDelay(endpoint, budget.settings);
  const interval = { permit, lane, startedAt: now, arrivesBy, settled: false };
  const fact: FactOf<'started'> = {
    fact: 'started',
    account,
    endpoint,
    interval,
    requestedAt,
    firstEstimate,
  };
  return { reply: startedReply(ledger, interval, now), facts: [fact] };
}

/**
 * How much time is left to send a started call. A delayed or repeated request may have started it long ago: counted
 * from now, the call could arrive later than its interval assumes.
 */
export function startedReply(
  { settings, term }: Ledger,
  { permit, startedAt }: Interval,
  now: number,
): PermitReply {
  const left = Math.max(0, startedAt + settings.sendWithin - now);
  return { answer: 'started', permit, sendBy: left / settings.scale, term };
}

/** Removes a ticket from the queue, or returns its permit, even one that was started with the acquire. */
export function cancel(
  ledger: Ledger,
  budget: BudgetState,
  { id, account, endpoint }: PermitRequestOf<'cancel'>,
  now: number,
): Decision {
  const waiter = budget.queue.byTicket.get(id);
  if (waiter) dequeue(ledger, budget, waiter);
  if (waiter && isForced(waiter.request.lane)) withdrawForcedArrival(budget);
  budget.grants = budget.grants.filter(({ permit, ticket }) => permit !== id && ticket !== id);
  const started = budget.record.intervals.find(({ permit, settled }) => !settled && isFor(permit, id));
  const facts: Fact[] = started
    ? [{ fact: 'returned', account, endpoint, permit: started.permit, at: now }]
    : [];
  return { reply: { answer: 'cancelled' }, facts };
}
