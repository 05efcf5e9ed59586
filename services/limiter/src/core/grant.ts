import type { Offer } from '@paceline/shared/contracts';
import type { BudgetState, Ledger } from './budget.ts';
import type { Offered } from './decision.ts';
import { placeOf, type Waiter } from './queue.ts';
import type { Settings } from './settings.ts';
import { available, freeAt } from './window.ts';

/** Gives what is free to those who are first in line, and clears away who is gone or too late. */
export function grantFree(ledger: Ledger, budget: BudgetState, now: number, settings: Settings): Offered[] {
  for (const grant of budget.grants.values()) if (grant.startBy <= now) budget.grants.delete(grant.permit);
  const offers: Offered[] = [];
  for (let free = available(budget, settings, now); free > 0; free -= 1) {
    const waiter = nextInLine(budget, now, settings);
    if (!waiter) break;
    offers.push({ client: waiter.ask.offerTo, offer: grantTo(ledger, budget, waiter, now, settings) });
  }
  return offers;
}

function nextInLine(budget: BudgetState, now: number, settings: Settings): Waiter | undefined {
  for (let first = budget.queue[0]; first; first = budget.queue[0]) {
    leaveLine(budget, first);
    const gone = first.lastAskedAt + settings.forgetAfter <= now;
    const late = first.ask.deadline !== undefined && first.ask.deadline <= now;
    if (!gone && !late) return first;
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
  const permit = `${ledger.epoch}-${ledger.grants}-${ask.ticket}`;
  const startBy = now + settings.startWithin;
  const { ticket, lane, firstAskedAt, trace } = ask;
  budget.grants.set(permit, { permit, ticket, lane, firstAskedAt, trace, startBy });
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

/** The next moment at which something becomes free by the mere passing of time; undefined when nobody waits. */
export function wakeAt(budget: BudgetState, now: number, settings: Settings): number | undefined {
  if (budget.queue.length === 0) return undefined;
  const grantsEnd = [...budget.grants.values()].map(({ startBy }) => startBy);
  const callsEnd = budget.record.intervals.map(({ latestAt }) => latestAt);
  const soonest = freeAt(budget, settings, now, 1, 'typical');
  return Math.min(...[...grantsEnd, ...callsEnd].filter((at) => at > now), Math.max(soonest, now + 1));
}
