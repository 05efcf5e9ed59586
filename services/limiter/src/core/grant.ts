import type { Offer } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { type Ledger, permitId, setAlarm } from './ledger.ts';
import type { Offered } from './protocol.ts';
import { firstInLine, joinLine, leaveLine, type Waiter } from './queue.ts';
import { available, freeAt } from './window.ts';

/** Gives what is free to those who are first in line, and sets the alarm for what becomes free by itself. */
export function serve(ledger: Ledger, budget: BudgetState, now: number): Offered[] {
  tidy(ledger, budget, now);
  const offers = now >= ledger.quietUntil ? grantFree(ledger, budget, now) : [];
  setAlarm(ledger, budget, wakeAt(ledger, budget, now));
  return offers;
}

/** Clears away permits that nobody started in time, and tickets that nobody asked for again. */
function tidy(ledger: Ledger, budget: BudgetState, now: number): void {
  if (budget.grants.some(({ startBy }) => startBy <= now)) {
    budget.grants = budget.grants.filter(({ startBy }) => startBy > now);
  }
  const { byPatience } = budget.queue;
  for (let gone = byPatience.first(); gone && gone.goneAt <= now; gone = byPatience.first()) {
    leave(ledger, budget, gone);
  }
}

function grantFree(ledger: Ledger, budget: BudgetState, now: number): Offered[] {
  const offers: Offered[] = [];
  for (;;) {
    const onlyKept = available(budget, now, false) === 0;
    if (onlyKept && available(budget, now, true) === 0) return offers;
    const waiter = nextInLine(ledger, budget, now, onlyKept);
    if (!waiter) return offers;
    offers.push({ client: waiter.ask.offerTo, offer: grantTo(ledger, budget, waiter, now) });
  }
}

/** A request whose deadline is over leaves the queue; it is refused when it is repeated. */
function nextInLine(ledger: Ledger, budget: BudgetState, now: number, onlyKept: boolean): Waiter | undefined {
  for (;;) {
    const first = firstInLine(budget.queue, onlyKept);
    if (!first) return undefined;
    leave(ledger, budget, first);
    if (first.ask.deadline === undefined || first.ask.deadline >= now) return first;
  }
}

function grantTo(ledger: Ledger, budget: BudgetState, { ask, estimate }: Waiter, now: number): Offer {
  ledger.grants += 1;
  const { ticket, lane, requestedAt } = ask;
  const permit = permitId(ledger.epoch, ledger.grants, ticket);
  const startBy = now + budget.settings.startWithin;
  budget.grants = [...budget.grants, { permit, ticket, lane, requestedAt, estimate, startBy }];
  return { ticket, permit, startBy };
}

export function join(ledger: Ledger, budget: BudgetState, waiter: Waiter): void {
  joinLine(budget.queue, waiter);
  ledger.waiting += 1;
}

export function leave(ledger: Ledger, budget: BudgetState, waiter: Waiter): void {
  if (!budget.queue.byTicket.has(waiter.ask.ticket)) return;
  leaveLine(budget.queue, waiter);
  ledger.waiting -= 1;
}

/** Real ms after which whoever waits is to ask again: the more wait, the less often each. */
const retryIn = (ledger: Ledger): number =>
  ledger.settings.heartbeatInterval *
  Math.max(1, Math.ceil(ledger.waiting / ledger.settings.heartbeatsPerInterval));

/** When a waiter that asks now is gone: once it has missed several times of asking again. */
export const goneAfter = (ledger: Ledger, now: number): number =>
  now + retryIn(ledger) * ledger.settings.missedHeartbeatsAllowed * ledger.settings.scale;

/** The next moment at which something may become free by the mere passing of time; undefined when nobody waits. */
function wakeAt(ledger: Ledger, budget: BudgetState, now: number): number | undefined {
  const { queue, grants, record } = budget;
  if (queue.byTicket.size === 0) return undefined;
  const moments = [
    ledger.quietUntil,
    queue.byPatience.least,
    ...grants.map(({ startBy }) => startBy),
    ...record.intervals.map(({ arrivesBy }) => arrivesBy),
    freeAt(budget, now, 1, 'best', true),
    freeAt(budget, now, 1, 'best', false),
  ].filter((at) => at > now);
  return moments.length === 0 ? undefined : Math.min(...moments);
}
