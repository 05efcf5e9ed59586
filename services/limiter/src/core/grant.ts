import type { Offer } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { permitId } from './calls.ts';
import { type Ledger, setAlarm } from './ledger.ts';
import type { AddressedOffer } from './protocol.ts';
import { addWaiter, nextWaiter, removeWaiter, type Waiter } from './queue.ts';
import { available, freeAt } from './window.ts';

/** Grants free permits in queue order, and sets the alarm for the next one that time alone will free. */
export function grantAvailable(ledger: Ledger, budget: BudgetState, now: number): AddressedOffer[] {
  removeExpired(ledger, budget, now);
  const offers = now >= ledger.quietUntil ? grantWhileFree(ledger, budget, now) : [];
  setAlarm(ledger, budget, nextAlarm(ledger, budget, now));
  return offers;
}

/** Drops permits that were not started in time, and waiters whose heartbeats stopped. */
function removeExpired(ledger: Ledger, budget: BudgetState, now: number): void {
  for (const { ticket, startBy } of budget.grants.values()) {
    if (startBy > now) break;
    budget.grants.delete(ticket);
  }
  const { byExpiry } = budget.queue;
  for (let first = byExpiry.first(); first && first.expiresAt <= now; first = byExpiry.first()) {
    dequeue(ledger, budget, first);
  }
}

function grantWhileFree(ledger: Ledger, budget: BudgetState, now: number): AddressedOffer[] {
  const offers: AddressedOffer[] = [];
  while (budget.queue.byTicket.size > 0) {
    const reservedOnly = available(budget, now, false) === 0;
    if (reservedOnly && available(budget, now, true) === 0) return offers;
    const waiter = takeNext(ledger, budget, now, reservedOnly);
    if (!waiter) return offers;
    offers.push({ client: waiter.request.offerTo, offer: grantTo(ledger, budget, waiter, now) });
  }
  return offers;
}

/** A request past its deadline leaves the queue; it is refused when it is repeated. */
function takeNext(
  ledger: Ledger,
  budget: BudgetState,
  now: number,
  reservedOnly: boolean,
): Waiter | undefined {
  for (;;) {
    const first = nextWaiter(budget.queue, reservedOnly);
    if (!first) return undefined;
    dequeue(ledger, budget, first);
    if (first.request.deadline === undefined || first.request.deadline >= now) return first;
  }
}

function grantTo(
  ledger: Ledger,
  budget: BudgetState,
  { request, firstEstimate }: Waiter,
  now: number,
): Offer {
  ledger.grants += 1;
  const { ticket, lane, requestedAt } = request;
  const permit = permitId(ledger.epoch, ledger.grants, ticket);
  const startBy = now + budget.settings.startWithin;
  budget.grants.set(ticket, { permit, ticket, lane, requestedAt, firstEstimate, startBy });
  return { ticket, permit, startBy };
}

export function enqueue(ledger: Ledger, budget: BudgetState, waiter: Waiter): void {
  addWaiter(budget.queue, waiter);
  ledger.waiting += 1;
}

export function dequeue(ledger: Ledger, budget: BudgetState, waiter: Waiter): void {
  if (!budget.queue.byTicket.has(waiter.request.ticket)) return;
  removeWaiter(budget.queue, waiter);
  ledger.waiting -= 1;
}

/** Real ms between two heartbeats of a waiter; grows with the number of waiters. */
const heartbeatInterval = ({ settings, waiting }: Ledger): number =>
  settings.heartbeatInterval * Math.max(1, Math.ceil(waiting / settings.heartbeatsPerInterval));

/** When a waiter that sends a heartbeat now expires: after several missed ones. */
export const expiryFrom = (ledger: Ledger, now: number): number =>
  now + heartbeatInterval(ledger) * ledger.settings.missedHeartbeatsAllowed * ledger.settings.scale;

/** When time alone may free the next permit; undefined while no request waits. */
function nextAlarm(ledger: Ledger, budget: BudgetState, now: number): number | undefined {
  const { queue, grants, calls } = budget;
  if (queue.byTicket.size === 0) return undefined;
  const [nextToExpire] = grants.values();
  const next = [
    ledger.quietUntil,
    queue.byExpiry.min,
    nextToExpire?.startBy ?? Infinity,
    calls.nextArrival(now),
    freeAt(budget, now, 1, 'best', true),
    freeAt(budget, now, 1, 'best', false),
  ].reduce((earliest, at) => (at > now ? Math.min(earliest, at) : earliest), Infinity);
  return next === Infinity ? undefined : next;
}
