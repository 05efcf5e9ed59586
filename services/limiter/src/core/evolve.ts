import type { BudgetRecord, Fact, Interval } from '@paceline/shared/contracts';
import { budgetOf, type BudgetState, type Ledger } from './budget.ts';
import type { Settings } from './settings.ts';
import { counted } from './window.ts';

/** Takes a committed fact into the ledger. The same facts in the same order always give the same ledger. */
export function evolve(ledger: Ledger, fact: Fact, settings: Settings): void {
  if (fact.fact === 'claimed') return;
  const budget = budgetOf(ledger, fact.account, fact.endpoint);
  const { record } = budget;
  switch (fact.fact) {
    case 'started':
      budget.grants.delete(fact.interval.permit);
      record.intervals = [...counted(budget, settings, fact.interval.startedAt), fact.interval];
      return;
    case 'settled':
      record.intervals = record.intervals.map((interval) =>
        interval.permit === fact.permit ? { ...interval, latestAt: fact.latestAt, settled: true } : interval,
      );
      if (isWelcome(fact.outcome.status) && startedAfterPause(record, fact.permit)) {
        record.probing = false;
        record.failures = 0;
      }
      return;
    case 'returned':
      record.intervals = record.intervals.filter(({ permit }) => permit !== fact.permit);
      return;
    case 'paused':
      record.pausedUntil = Math.max(record.pausedUntil ?? 0, fact.until);
      record.failures = fact.failures;
      record.probing = true;
      // Who was about to call is told to ask again.
      budget.grants.clear();
      return;
    case 'learned':
      record.learned = fact.policy;
      return;
  }
}

/** Whether upstream let the call in, whatever else it then said. */
const isWelcome = (status: number | undefined): boolean => status !== undefined && status !== 429;

/** What was under way before the pause tells nothing of what is let in after it. */
const startedAfterPause = ({ intervals, pausedUntil }: BudgetRecord, permit: string): boolean =>
  intervals.some((interval) => interval.permit === permit && interval.startedAt >= (pausedUntil ?? 0));

export const findInterval = ({ record }: BudgetState, permit: string): Interval | undefined =>
  record.intervals.find((interval) => interval.permit === permit);
