import type { Fact, FactOf, Interval, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { withdrawForcedArrival } from './estimate.ts';
import { ticketOf } from './calls.ts';
import { removeGrant } from './evolve.ts';
import { dequeue } from './grant.ts';
import { type Ledger, maxArrivalDelay } from './ledger.ts';
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
  const started = budget.calls.get(request.permit);
  if (started) return { reply: startedReply(ledger, started, now), facts: [] };
  const grant = budget.grants.get(ticketOf(request.permit));
  if (grant?.permit !== request.permit || grant.startBy <= now || isPaused(budget, now)) {
    removeGrant(budget, request.permit);
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
  budget.grants.delete(id);
  removeGrant(budget, id);
  const started = budget.calls.ofTicket(id);
  const facts: Fact[] =
    started && !started.settled
      ? [{ fact: 'returned', account, endpoint, permit: started.permit, at: now }]
      : [];
  return { reply: { answer: 'cancelled' }, facts };
}
