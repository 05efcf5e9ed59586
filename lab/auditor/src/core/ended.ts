import type { FactOf } from '@paceline/shared/contracts';
import type { Call } from './history.ts';
import { blame, budgetOf, isFromBefore, type Reading } from './reading.ts';
import { howLong, when } from './words.ts';

/**
 * It is told how a call ended. That may only narrow the interval in which it arrived, and only by what can be known:
 * an answered call had arrived when its answer was heard of, any other one may still be on its way.
 */
export function readSettled(reading: Reading, fact: FactOf<'settled'>): void {
  const call = endingCall(reading, fact, 'settled');
  if (!call) return;
  const { permit, latestAt, at, outcome } = fact;
  const budget = budgetOf(reading, fact);
  const { place } = budget;
  const known = outcome.result === 'answered' ? at : at + 1;
  if (latestAt > call.latestAt) {
    const says = `${permit} was settled to have arrived by ${when(latestAt)}, ${howLong(latestAt - call.latestAt)} later than was booked at its start.`;
    blame(reading, 'late_settle', says, place);
  } else if (latestAt < Math.min(call.latestAt, known)) {
    const says = `${permit} was settled to have arrived by ${when(latestAt)}, which nobody could know at ${when(at)}.`;
    blame(reading, 'early_settle', says, place);
  }
  call.latestAt = latestAt;
  call.end = 'settled';
  call.outcome = outcome;
  // What was under way before a pause says nothing of what was let in after it.
  const letIn = outcome.result === 'answered' && outcome.status !== 429;
  if (letIn && call.startedAt >= budget.pausedUntil.upstream) budget.probing = false;
}

/** It was never sent: upstream never counts it. */
export function readReturned(reading: Reading, fact: FactOf<'returned'>): void {
  const call = endingCall(reading, fact, 'returned');
  if (call) call.end = 'returned';
}

export function readRejected(reading: Reading, fact: FactOf<'rejected'>): void {
  const { permit, at, policy: kept, attribution } = fact;
  const budget = budgetOf(reading, fact);
  const call = budget.byPermit.get(permit);
  if (!call && !isFromBefore(reading, permit)) {
    blame(reading, 'never_started', `${permit} was answered 429 but never started.`, budget.place);
  }
  const { limit, windowMs } = budget.policy;
  if (kept.limit !== limit || kept.windowMs !== windowMs) {
    const says = `When ${permit} was answered 429 another policy was kept than the facts before it tell of: is ZWIFTRACING_TIER that of the limiter?`;
    blame(reading, 'other_policy', says, budget.place);
  }
  if (!reading.complete) return;
  const { sequence } = reading;
  budget.rejections.push({
    permit,
    sequence,
    at,
    kept,
    attribution,
    call,
    closedUntil: undefined,
    named: undefined,
  });
}

/** The open call that a fact says has ended. */
function endingCall(
  reading: Reading,
  fact: FactOf<'settled'> | FactOf<'returned'>,
  how: 'settled' | 'returned',
): Call | undefined {
  const { byPermit, place } = budgetOf(reading, fact);
  const call = byPermit.get(fact.permit);
  if (!call) {
    if (isFromBefore(reading, fact.permit)) return undefined;
    blame(reading, 'never_started', `${fact.permit} was ${how} but never started.`, place);
    return undefined;
  }
  call.lag = Math.max(call.lag, reading.lag);
  if (call.end === 'open') return call;
  blame(reading, 'ended_twice', `${fact.permit} was ${how} although it had been ${call.end} before.`, place);
  return undefined;
}
