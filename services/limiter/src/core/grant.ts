import type { Offer } from '@paceline/shared/contracts';
import type { BudgetState, Ledger } from './budget.ts';
import { placeOf, type Waiter } from './queue.ts';
import type { Settings } from './settings.ts';
import { permitId } from './superseded.ts';
import { available, freeAt } from './window.ts';

/** An offer and the client that it goes to. */
export interface Offered {
  readonly client: string;
  readonly offer: Offer;
}

/** Clears away permits that nobody started in time, and tickets that nobody asked for again. */
export function tidy(budget: BudgetState, now: number, settings: Settings): void {
  for (const { permit, startBy } of budget.grants.values()) if (startBy <= now) budget.grants.delete(permit);
  // Who asked longest ago is first: nobody behind the first who is still here is gone.
  for (const waiter of budget.waiting.values()) {
    if (waiter.lastAskedAt + settings.forgetAfter > now) return;
    leaveLine(budget, waiter);
  }
}

/** Gives what is free to those who are first in line. */
export function grantFree(ledger: Ledger, budget: BudgetState, now: number, settings: Settings): Offered[] {
  const offers: Offered[] = [];
  for (let free = available(budget, settings, now); free > 0; free -= 1) {
    const waiter = nextInLine(budget, now);
    if (!waiter) break;
    offers.push({ client: waiter.ask.offerTo, offer: grantTo(ledger, budget, waiter, now, settings) });
  }
  return offers;
}

/** Whoever comes too late leaves the line; asking again, it is told so. */
function nextInLine(budget: BudgetState, now: number): Waiter | undefined {
  for (let first = budget.queue[0]; first; first = budget.queue[0]) {
    leaveLine(budget, first);
    if (first.ask.deadline === undefined || first.ask.deadline > now) return first;
  }
  return undefined;
}

function grantTo(
  ledger: Ledger,
  budget: BudgetState,
  { ask }: Waiter,
  now: number,
  settings: Settings,
): Offer {
  ledger.grants += 1;
  const permit = permitId(ledger.epoch, ledger.grants, ask.ticket);
  const startBy = now + settings.startWithin;
  const { ticket, lane, firstAskedAt } = ask;
  budget.grants.set(permit, { permit, ticket, lane, firstAskedAt, startBy });
  return { ticket, permit, startBy };
}

export function joinLine(budget: BudgetState, waiter: Waiter): void {
  budget.queue.splice(placeOf(budget.queue, waiter), 0, waiter);
  budget.waiting.set(waiter.ask.ticket, waiter);
}

export function leaveLine(budget: BudgetState, waiter: Waiter): void {
  const place = placeOf(budget.queue, waiter);
  if (budget.queue[place] === waiter) budget.queue.splice(place, 1);
  budget.waiting.delete(waiter.ask.ticket);
}

/** Moves the waiter behind everybody who asked longer ago. */
export function stillHere(budget: BudgetState, waiter: Waiter, now: number): void {
  waiter.lastAskedAt = now;
  budget.waiting.delete(waiter.ask.ticket);
  budget.waiting.set(waiter.ask.ticket, waiter);
}

/** The next moment at which something may become free by the mere passing of time; undefined when nobody waits. */
export function wakeAt(
  ledger: Ledger,
  budget: BudgetState,
  now: number,
  settings: Settings,
): number | undefined {
  if (budget.queue.length === 0) return undefined;
  const moments = [
    ledger.quietUntil,
    ...[...budget.grants.values()].map(({ startBy }) => startBy),
    ...budget.record.intervals.map(({ latestAt }) => latestAt),
    freeAt(budget, settings, now, 1, 'typical'),
  ].filter((at) => at > now);
  return moments.length === 0 ? undefined : Math.min(...moments);
}
