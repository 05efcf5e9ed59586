import type { Fact, FactOf, Interval } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { budgetOf, countAsSpent, type Ledger, newsOf } from './ledger.ts';
import { noteWait } from './news.ts';
import { counted, leavesAt } from './window.ts';

/**
 * Takes a committed fact into the ledger, which it changes in place: a copy for each fact would cost every account.
 * The same facts in the same order always give the same ledger.
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
      began(ledger, budget, fact);
      return;
    case 'settled':
      ended(budget, fact);
      return;
    case 'returned':
      record.intervals = record.intervals.filter(({ permit }) => permit !== fact.permit);
      return;
    case 'rejected':
      record.lastRejected = { at: fact.at, attribution: fact.attribution };
      return;
    case 'paused':
      if (fact.by === 'operator') record.pausedUntil.operator = fact.until;
      else {
        record.pausedUntil.upstream = Math.max(record.pausedUntil.upstream ?? 0, fact.until);
        record.consecutiveRejections = fact.consecutiveRejections;
        record.probing = true;
      }
      // Those that were about to call ask again.
      budget.grants = [];
      return;
    case 'resumed':
      record.pausedUntil[fact.by] = fact.at;
      return;
    case 'policy_changed':
      // What does not count any more must not come back with a longer window: `unknownUntil` stands for it.
      record.intervals = counted(budget, fact.at);
      record.policy = fact.policy && { ...fact.policy, from: fact.by, since: fact.at };
      record.unknownUntil = fact.unknownUntil;
      budget.grants = [];
      return;
  }
}

function began(ledger: Ledger, budget: BudgetState, fact: FactOf<'started'>): void {
  const { record } = budget;
  const { interval, requestedAt, firstEstimate } = fact;
  const { startedAt, permit } = interval;
  budget.grants = budget.grants.filter((grant) => grant.permit !== permit);
  // One window longer than they count: a 429 is explained by what was shortly before.
  const { windowMs } = policyOf(budget);
  const weighs = (each: Interval) => leavesAt(each, budget) + windowMs > startedAt;
  record.intervals = [...record.intervals.filter(weighs), interval];
  const news = newsOf(ledger, fact.account);
  noteWait(news, startedAt, Math.max(0, startedAt - requestedAt));
  if (firstEstimate === null) return;
  if (startedAt <= firstEstimate + ledger.settings.estimateSlack) news.estimates.kept += 1;
  else news.estimates.missed += 1;
}

function ended(budget: BudgetState, { permit, arrivesBy, outcome, at }: FactOf<'settled'>): void {
  const { record } = budget;
  const interval = findInterval(budget, permit);
  record.intervals = record.intervals.map((each) =>
    each.permit === permit ? { ...each, arrivesBy, settled: true } : each,
  );
  if (!interval || outcome.result !== 'answered') return;
  budget.usualCall = mixed(budget.usualCall, at - interval.startedAt);
  // What was under way before the pause tells nothing of what is let in after it.
  if (outcome.status === 429 || interval.startedAt < (record.pausedUntil.upstream ?? 0)) return;
  record.probing = false;
  record.consecutiveRejections = 0;
}

/** A mean in which each call weighs less the longer ago it was. */
const mixed = (mean: number | undefined, next: number): number =>
  mean === undefined ? next : mean + (next - mean) / 8;

export const findInterval = ({ record }: BudgetState, permit: string): Interval | undefined =>
  record.intervals.find((interval) => interval.permit === permit);
