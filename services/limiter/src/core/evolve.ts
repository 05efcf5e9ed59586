import type { Fact, FactOf } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { Calls, ticketOf } from './calls.ts';
import { budgetOf, countAsSpent, type Ledger, maxArrivalDelay, statsOf } from './ledger.ts';
import { recordWait } from './stats.ts';
import { countedCalls, countedSince } from './window.ts';

/**
 * Applies a committed fact to the ledger, in place: copying would cost every account. The same facts in the same order
 * always give the same ledger.
 */
export function evolve(ledger: Ledger, fact: Fact): void {
  if (fact.fact === 'claimed') return;
  if (fact.fact === 'journal_lost') {
    ledger.lostAt = fact.at;
    for (const budget of ledger.budgets.values()) countAsSpent(budget, fact.at);
    return;
  }
  const budget = budgetOf(ledger, fact.account, fact.endpoint);
  const { record } = budget;
  switch (fact.fact) {
    case 'started':
      applyStarted(ledger, budget, fact);
      return;
    case 'call_restored':
      budget.calls.add(fact.interval);
      return;
    case 'settled':
      applySettled(budget, fact);
      return;
    case 'returned':
      budget.calls.delete(fact.permit);
      return;
    case 'rejected':
      record.lastRejected = { at: fact.at, attribution: fact.attribution };
      if (fact.learned) record.floor = { ...record.floor, upstream: fact.learned };
      return;
    case 'paused':
      if (fact.by === 'operator') record.pausedUntil.operator = fact.until;
      else {
        record.pausedUntil.upstream = Math.max(record.pausedUntil.upstream ?? 0, fact.until);
        record.consecutiveRejections = fact.consecutiveRejections;
        record.probing = true;
      }
      // Their clients request again.
      budget.grants.clear();
      return;
    case 'resumed':
      record.pausedUntil[fact.by] = fact.at;
      return;
    case 'policy_changed':
      // A call that no longer counts must not count again under a longer window: `unknownUntil` covers it.
      budget.calls = new Calls(countedCalls(budget, fact.at));
      record.policy = fact.policy && { ...fact.policy, from: fact.by, since: fact.at };
      record.unknownUntil = fact.unknownUntil;
      // An operator's policy replaces what upstream has named before.
      if (fact.by === 'operator') record.floor = { operator: fact.policy, upstream: null };
      budget.grants.clear();
      return;
  }
}

function applyStarted(ledger: Ledger, budget: BudgetState, fact: FactOf<'started'>): void {
  const { record } = budget;
  const { interval, requestedAt, firstEstimate } = fact;
  const { startedAt, permit } = interval;
  removeGrant(budget, permit);
  // Kept for longer than they count: a 429 is attributed by the calls shortly before it, and by the record in Postgres one
  // whose end is not recorded can count for longer.
  const keptMs = Math.max(policyOf(budget).windowMs, maxArrivalDelay(record.endpoint, ledger.settings));
  budget.calls.forgetUntil(countedSince(budget, startedAt - keptMs));
  budget.calls.add(interval);
  const stats = statsOf(ledger, fact.account);
  recordWait(stats, startedAt, Math.max(0, startedAt - requestedAt));
  if (firstEstimate === null) return;
  if (startedAt <= firstEstimate + ledger.settings.estimateTolerance) stats.estimates.kept += 1;
  else stats.estimates.missed += 1;
}

function applySettled(budget: BudgetState, { permit, arrivesBy, outcome, at }: FactOf<'settled'>): void {
  const { record } = budget;
  const interval = budget.calls.get(permit);
  budget.calls.settle(permit, arrivesBy);
  if (!interval || outcome.result !== 'answered') return;
  budget.advertised = outcome.advertised ?? budget.advertised;
  budget.callDuration = movingAverage(budget.callDuration, at - interval.startedAt);
  // A call from before the pause doesn't show whether upstream accepts calls after it.
  if (outcome.status === 429 || interval.startedAt < (record.pausedUntil.upstream ?? 0)) return;
  record.probing = false;
  record.consecutiveRejections = 0;
}

/** Exponential moving average with weight 1/8 for the newest call. */
const movingAverage = (mean: number | undefined, next: number): number =>
  mean === undefined ? next : mean + (next - mean) / 8;

/** Drops a held permit. */
export function removeGrant({ grants }: BudgetState, permit: string): void {
  const ticket = ticketOf(permit);
  if (grants.get(ticket)?.permit === permit) grants.delete(ticket);
}
