import type { Fact, FactOf } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { Calls } from './calls.ts';
import { withForeign } from './foreign-calls.ts';
import { compare } from './book-foreign.ts';
import { budgetOf, countAsSpent, endpointOf, type Ledger, maxArrivalDelay, statsOf } from './ledger.ts';
import { callOf, grantOf, removeGrant, removeGrantsOf } from './pool.ts';
import { compareNamed, saidAbout } from './policy.ts';
import { recordWait } from './stats.ts';
import { countCalls, countedCalls, countedSince } from './window.ts';
import type { BudgetState, EndpointState } from './state.ts';

/**
 * Applies a committed fact to the ledger, in place: copying would cost every account. The same facts in the same order
 * always give the same ledger. A fact about what its upstream no longer has changes nothing.
 */
export function evolve(ledger: Ledger, fact: Fact): void {
  switch (fact.fact) {
    case 'claimed':
      return;
    case 'journal_lost':
      ledger.lostAt = fact.at;
      for (const { budgets } of ledger.pools.values())
        for (const budget of budgets) countAsSpent(budget, fact.at);
      return;
    case 'started':
    case 'call_restored':
    case 'settled':
    case 'returned': {
      const endpoint = endpointOf(ledger, fact.account, fact.endpoint);
      if (endpoint) applyToCall(ledger, endpoint, fact);
      return;
    }
    default: {
      const budget = budgetOf(ledger, fact.account, fact.endpoint);
      if (budget) applyToBudget(budget, fact);
    }
  }
}

/** A call counts in every budget of its endpoint. */
function applyToCall(
  ledger: Ledger,
  endpoint: EndpointState,
  fact: FactOf<'started' | 'call_restored' | 'settled' | 'returned'>,
): void {
  switch (fact.fact) {
    case 'started':
      applyStarted(ledger, endpoint, fact);
      return;
    case 'call_restored':
      for (const { calls } of endpoint.budgets) calls.add(fact.interval);
      return;
    case 'settled':
      applySettled(endpoint, fact);
      return;
    case 'returned':
      for (const { calls } of endpoint.budgets) calls.delete(fact.permit);
  }
}

function applyToBudget(
  budget: BudgetState,
  fact: FactOf<'rejected' | 'foreign_booked' | 'paused' | 'resumed' | 'policy_changed'>,
): void {
  const { record } = budget;
  switch (fact.fact) {
    case 'rejected':
      record.lastRejected = { at: fact.at, attribution: fact.attribution };
      if (fact.learned) record.floor = { ...record.floor, upstream: fact.learned };
      return;
    case 'foreign_booked':
      record.foreign = withForeign(record.foreign, fact, countedSince(budget, fact.at));
      // Held permits that no longer have a place.
      if (countCalls(budget, fact.at) + budget.held > policyOf(budget).limit) removeGrantsOf(budget);
      return;
    case 'paused':
      if (fact.by === 'operator') record.pausedUntil.operator = fact.until;
      else {
        record.pausedUntil.upstream = Math.max(record.pausedUntil.upstream ?? 0, fact.until);
        record.consecutiveRejections = fact.consecutiveRejections;
        record.probing = true;
      }
      removeGrantsOf(budget);
      return;
    case 'resumed':
      record.pausedUntil[fact.by] = fact.at;
      // What a 429 showed counts no longer than the pause after it.
      if (fact.by === 'upstream' && record.foreign?.by === 'rejection')
        record.foreign = { ...record.foreign, calls: [] };
      return;
    case 'policy_changed':
      // A call that no longer counts must not count again under a longer window: `unknownUntil` covers it.
      budget.calls = new Calls(countedCalls(budget, fact.at));
      record.policy = fact.policy && { ...fact.policy, from: fact.by, since: fact.at };
      record.unknownUntil = fact.unknownUntil;
      // An operator's policy replaces what upstream has named before.
      if (fact.by === 'operator') record.floor = { operator: fact.policy, upstream: null };
      removeGrantsOf(budget);
  }
}

function applyStarted(ledger: Ledger, endpoint: EndpointState, fact: FactOf<'started'>): void {
  const { interval, requestedAt, firstEstimate } = fact;
  const { startedAt, permit } = interval;
  const grant = grantOf(endpoint, permit);
  if (grant) removeGrant(endpoint.pool, grant);
  for (const budget of endpoint.budgets) {
    // Kept for longer than they count: a 429 is attributed by the calls shortly before it, and by the record in Postgres one
    // whose end is not recorded can count for longer.
    const keptMs = Math.max(policyOf(budget).windowMs, maxArrivalDelay(budget.definition, ledger.settings));
    budget.calls.forgetUntil(countedSince(budget, startedAt - keptMs));
    budget.calls.add(interval);
  }
  const stats = statsOf(ledger, fact.account);
  recordWait(stats, startedAt, Math.max(0, startedAt - requestedAt));
  if (firstEstimate === null) return;
  if (startedAt <= firstEstimate + ledger.settings.estimateTolerance) stats.estimates.kept += 1;
  else stats.estimates.missed += 1;
}

function applySettled(endpoint: EndpointState, { permit, arrivesBy, outcome, at }: FactOf<'settled'>): void {
  const started = callOf(endpoint, permit);
  for (const budget of endpoint.budgets) {
    const { record } = budget;
    const comparison = started && compare(budget, started, outcome, at);
    if (comparison) budget.reading = comparison.reading;
    budget.calls.settle(permit, arrivesBy);
    if (!started || outcome.result !== 'answered') continue;
    const { advertised = budget.advertised } = saidAbout(budget, endpoint, permit, outcome, at);
    budget.advertised = advertised;
    const named = compareNamed(budget, permit, outcome, at);
    if (named) budget.namedLimit = named.last;
    budget.callDuration = movingAverage(budget.callDuration, at - started.startedAt);
    // A call from before the pause doesn't show whether upstream accepts calls after it.
    if (outcome.status === 429 || started.startedAt < (record.pausedUntil.upstream ?? 0)) continue;
    record.probing = false;
    record.consecutiveRejections = 0;
  }
}

/** Exponential moving average with weight 1/8 for the newest call. */
const movingAverage = (mean: number | undefined, next: number): number =>
  mean === undefined ? next : mean + (next - mean) / 8;
