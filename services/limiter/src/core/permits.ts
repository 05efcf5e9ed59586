import type { Fact, FactOf, Interval, PermitReply, PermitRequestOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { uncountOvertaker } from './estimate.ts';
import { findInterval } from './evolve.ts';
import { leave } from './grant.ts';
import { isFor, type Ledger, worstCall } from './ledger.ts';
import type { Decision } from './protocol.ts';
import { isForced } from './queue.ts';
import type { Settings } from './settings.ts';
import { isPaused } from './window.ts';

/** The commit point: the call is booked before it is made. Asked again, it books nothing more. */
export function start(budget: BudgetState, ask: PermitRequestOf<'start'>, now: number): Decision {
  const booked = findInterval(budget, ask.permit);
  if (booked) return { answer: startedAnswer(booked, now, budget.settings), facts: [] };
  const grant = budget.grants.find(({ permit }) => permit === ask.permit);
  if (!grant || grant.startBy <= now || isPaused(budget, now)) {
    budget.grants = budget.grants.filter((each) => each !== grant);
    return { answer: { answer: 'expired' }, facts: [] };
  }
  const { account, endpoint, permit } = ask;
  const { lane, requestedAt, estimate: firstEstimate = null } = grant;
  const arrivesBy = now + worstCall(endpoint, budget.settings);
  const interval = { permit, lane, startedAt: now, arrivesBy, settled: false };
  const fact: FactOf<'started'> = {
    fact: 'started',
    account,
    endpoint,
    interval,
    requestedAt,
    firstEstimate,
  };
  return { answer: startedAnswer(interval, now, budget.settings), facts: [fact] };
}

/**
 * Tells how much of its time to be sent a booked call has left. An ask that comes late or twice may have booked it
 * long before its asker hears of that: counted from then, it would arrive later than the window assumes.
 */
export function startedAnswer({ permit, startedAt }: Interval, now: number, settings: Settings): PermitReply {
  const left = Math.max(0, startedAt + settings.sendWithin - now);
  return { answer: 'started', permit, sendBy: left / settings.scale };
}

/** Takes a ticket out of the line, or gives its permit back, also one that was started in the same breath. */
export function cancel(
  ledger: Ledger,
  budget: BudgetState,
  { id, account, endpoint }: PermitRequestOf<'cancel'>,
  now: number,
): Decision {
  const waiter = budget.queue.byTicket.get(id);
  if (waiter) leave(ledger, budget, waiter);
  if (waiter && isForced(waiter.ask.lane)) uncountOvertaker(budget);
  budget.grants = budget.grants.filter(({ permit, ticket }) => permit !== id && ticket !== id);
  const started = budget.record.intervals.find(({ permit, settled }) => !settled && isFor(permit, id));
  const facts: Fact[] = started
    ? [{ fact: 'returned', account, endpoint, permit: started.permit, at: now }]
    : [];
  return { answer: { answer: 'cancelled' }, facts };
}
