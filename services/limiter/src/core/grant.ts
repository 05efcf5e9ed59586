import type { Offer } from '@paceline/shared/contracts';
import { permitId } from './calls.ts';
import { freeAt } from './free-permits.ts';
import { type Ledger, setAlarm } from './ledger.ts';
import { nextWaiter } from './order.ts';
import { addGrant, removeGrant } from './pool.ts';
import type { AddressedOffer } from './protocol.ts';
import { addWaiter, removeWaiter, waitingIn } from './queue.ts';
import { capacityAt, nextWindow, reachedAt } from './window.ts';
import type { Pool, Waiter } from './state.ts';

/** Grants free permits in queue order, and sets the alarm for the next one that time alone will free. */
export function grantAvailable(ledger: Ledger, pool: Pool, now: number): AddressedOffer[] {
  removeExpired(ledger, pool, now);
  const offers = now >= ledger.quietUntil ? grantWhileFree(ledger, pool, now) : [];
  setAlarm(ledger, pool, nextAlarm(ledger, pool, now));
  return offers;
}

/** Drops permits that were not started in time, and waiters whose heartbeats stopped. */
function removeExpired(ledger: Ledger, pool: Pool, now: number): void {
  for (const grant of pool.grants.values()) {
    if (grant.startBy > now) break;
    removeGrant(pool, grant);
  }
  const { byExpiry } = pool.queue;
  for (let first = byExpiry.first(); first && first.expiresAt <= now; first = byExpiry.first()) {
    dequeue(ledger, first);
  }
}

function grantWhileFree(ledger: Ledger, pool: Pool, now: number): AddressedOffer[] {
  const offers: AddressedOffer[] = [];
  while (pool.queue.byTicket.size > 0) {
    const waiter = nextWaiter(pool, now);
    if (!waiter) return offers;
    dequeue(ledger, waiter);
    const { deadline = Infinity, offerTo } = waiter.request;
    // A request past its deadline leaves the queue; it is refused when it is repeated.
    if (deadline >= now) offers.push({ client: offerTo, offer: grantTo(ledger, waiter, now) });
  }
  return offers;
}

function grantTo(ledger: Ledger, { request, endpoint, firstEstimate }: Waiter, now: number): Offer {
  ledger.grants += 1;
  const { ticket, lane, requestedAt } = request;
  const permit = permitId(ledger.epoch, ledger.grants, ticket);
  const startBy = now + ledger.settings.startWithin;
  addGrant(endpoint.pool, { permit, ticket, endpoint, lane, requestedAt, firstEstimate, startBy });
  return { ticket, permit, startBy };
}

export function enqueue(ledger: Ledger, waiter: Waiter): void {
  addWaiter(waiter);
  ledger.waiting += 1;
}

export function dequeue(ledger: Ledger, waiter: Waiter): void {
  if (removeWaiter(waiter)) ledger.waiting -= 1;
}

/** Real ms between two heartbeats of a waiter; grows with the number of waiters. */
const heartbeatInterval = ({ settings, waiting }: Ledger): number =>
  settings.heartbeatInterval * Math.max(1, Math.ceil(waiting / settings.heartbeatsPerInterval));

/** When a waiter that sends a heartbeat now expires: after several missed ones. */
export const expiryFrom = (ledger: Ledger, now: number): number =>
  now + heartbeatInterval(ledger) * ledger.settings.missedHeartbeatsAllowed * ledger.settings.scale;

/** When time alone may free the next permit; undefined while no request waits. */
function nextAlarm(ledger: Ledger, { queue, grants, endpoints }: Pool, now: number): number | undefined {
  if (queue.byTicket.size === 0) return undefined;
  const [nextToExpire] = grants.values();
  let next = Infinity;
  const consider = (at: number) => {
    if (at > now && at < next) next = at;
  };
  consider(ledger.quietUntil);
  consider(queue.byExpiry.min);
  consider(nextToExpire?.startBy ?? Infinity);
  for (const { lines, budgets } of endpoints) {
    if (waitingIn(lines) === 0) continue;
    for (const budget of budgets) {
      consider(budget.calls.nextArrival(now));
      consider(freeAt(budget, now, 1, 'best', true));
      consider(freeAt(budget, now, 1, 'best', false));
      // A request with room may wait so that none ahead of it starts later. A new window can change that, and the pace.
      if (budget.definition.resets === 'sliding') continue;
      consider(nextWindow(budget, now));
      consider(reachedAt(budget, now, capacityAt(budget, now, false) + 1, false));
    }
  }
  return next === Infinity ? undefined : next;
}
