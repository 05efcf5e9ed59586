import type { FactOf } from '@paceline/shared/contracts';
import type { BudgetHistory, Call } from './history.ts';
import { blame, budgetOf, epochOf, type Reading } from './reading.ts';
import { howLong, when } from './words.ts';

/** A call is booked. */
export function readStarted(reading: Reading, fact: FactOf<'started'>): void {
  const budget = budgetOf(reading, fact);
  const { permit, lane, startedAt, latestAt } = fact.interval;
  demandOwner(reading, budget, permit);
  if (budget.byPermit.has(permit)) {
    blame(reading, 'started_twice', `${permit} was started a second time.`, budget.place);
    return;
  }
  demandOpen(reading, budget, fact.interval);
  const shortest = reading.rules.callTimeout[fact.endpoint];
  if (latestAt - startedAt < shortest) {
    const says = `${permit} was booked to arrive within ${howLong(latestAt - startedAt)}, though a call may take ${howLong(shortest)}.`;
    blame(reading, 'short_interval', says, budget.place);
  }
  const call: Call = {
    permit,
    lane,
    startedAt,
    latestAt,
    lag: reading.lag,
    end: 'open',
    outcome: undefined,
    sequence: reading.sequence,
    order: budget.calls.length,
    timeline: reading.timeline,
    policy: budget.policy,
    strictFrom: budget.strictFrom,
    invited: budget.probing,
    judged: reading.complete,
    firstAskedAt: fact.firstAskedAt,
    promisedAt: fact.promisedAt ?? undefined,
  };
  budget.calls.push(call);
  budget.byPermit.set(permit, call);
}

/** Whoever has lost its claim may commit nothing. */
function demandOwner(reading: Reading, { place }: BudgetHistory, permit: string): void {
  const epoch = epochOf(permit);
  // Where the journal begins in the midst of a reign, its first start tells whose it is.
  if (reading.claim === undefined && !Number.isNaN(epoch)) reading.claim = epoch;
  if (epoch === reading.claim) return;
  const says = `${permit} was started under the claim ${epoch}, though the claim in force was ${reading.claim ?? 'none'}.`;
  blame(reading, 'stale_owner', says, place);
}

/** Nobody starts while the budget is closed; after a pause one goes alone; what a lost journal held counts for a window. */
function demandOpen(
  reading: Reading,
  budget: BudgetHistory,
  { permit, startedAt }: { permit: string; startedAt: number },
): void {
  const { pausedUntil, policy, place } = budget;
  const closedUntil = Math.max(pausedUntil.upstream, pausedUntil.operator);
  if (startedAt < closedUntil) {
    const says = `${permit} was started at ${when(startedAt)}, though the budget was paused until ${when(closedUntil)}.`;
    blame(reading, 'started_in_pause', says, place);
  }
  if (budget.probing) {
    const other = budget.calls.findLast(({ end, latestAt }) => end === 'open' && latestAt > startedAt);
    if (other) {
      const says = `${permit} was started after a pause while ${other.permit} was still under way: only one may go ahead.`;
      blame(reading, 'not_alone', says, place);
    }
    return;
  }
  const { lostAt } = reading;
  if (lostAt === undefined || startedAt >= lostAt + policy.windowMs) return;
  const says = `${permit} was started ${howLong(startedAt - lostAt)} after the journal was found lost: what it held may count for ${howLong(policy.windowMs)}.`;
  blame(reading, 'started_unknowing', says, place);
}
