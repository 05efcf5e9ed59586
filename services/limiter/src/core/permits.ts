import type { Fact, FactOf, Interval, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import { withdrawForcedArrival } from './estimate.ts';
import { dequeue } from './grant.ts';
import { type Ledger, maxArrivalDelay } from './ledger.ts';
import { callOf, callOfTicket, grantOf, removeGrant } from './pool.ts';
import type { Decision } from './protocol.ts';
import { isPaused } from './window.ts';
import type { EndpointState } from './state.ts';

/** The commit point: the call counts from here on, before it is made. A repeated start counts nothing more. */
export function start(
  ledger: Ledger,
  endpoint: EndpointState,
  { permit }: Pick<PermitRequestOf<'start'>, 'permit'>,
  now: number,
): Decision {
  const started = callOf(endpoint, permit);
  if (started) return { reply: startedReply(ledger, started, now), facts: [] };
  const grant = grantOf(endpoint, permit);
  if (!grant || grant.startBy <= now || endpoint.budgets.some((budget) => isPaused(budget, now))) {
    if (grant) removeGrant(endpoint.pool, grant);
    return { reply: { answer: 'expired' }, facts: [] };
  }
  const { lane, requestedAt, firstEstimate = null } = grant;
  const arrivesBy = now + maxArrivalDelay(endpoint.definition, ledger.settings);
  const interval = { permit, lane, startedAt: now, arrivesBy, settled: false };
  const fact: FactOf<'started'> = {
    fact: 'started',
    account: endpoint.pool.account,
    endpoint: endpoint.name,
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
  endpoint: EndpointState,
  { id }: PermitRequestOf<'cancel'>,
  now: number,
): Decision {
  const { pool } = endpoint;
  const waiter = pool.queue.byTicket.get(id);
  if (waiter) dequeue(ledger, waiter);
  if (waiter?.forced) withdrawForcedArrival(waiter.endpoint);
  const grant = pool.grants.get(id) ?? grantOf(endpoint, id);
  if (grant) removeGrant(pool, grant);
  const started = callOfTicket(endpoint, id);
  const facts: Fact[] =
    started && !started.settled
      ? [
          {
            fact: 'returned',
            account: pool.account,
            endpoint: endpoint.name,
            permit: started.permit,
            at: now,
          },
        ]
      : [];
  return { reply: { answer: 'cancelled' }, facts };
}
