import type { BudgetRecord, JournalEntry } from '@paceline/shared/contracts';
import { createLedger, keyOf, type Ledger, restoreBudget } from './budget.ts';
import { evolve } from './evolve.ts';
import type { Settings } from './settings.ts';
import { counted, isPaused } from './window.ts';

/** The ledger that the journal's entries tell of. `epoch` marks the permits granted from it, `quietUntil` is the moment before which none is. */
export function restore(
  entries: readonly JournalEntry[],
  epoch: number,
  settings: Settings,
  quietUntil = 0,
): Ledger {
  const ledger = createLedger(epoch, quietUntil);
  for (const entry of entries) {
    if (entry.entry === 'facts') {
      for (const fact of entry.facts) evolve(ledger, fact, settings);
      continue;
    }
    ledger.budgets.clear();
    for (const record of entry.budgets) {
      ledger.budgets.set(keyOf(record.account, record.endpoint), restoreBudget(record));
    }
  }
  return ledger;
}

/** Everything of a ledger that still weighs: what a snapshot must hold. */
export function recordsOf(ledger: Ledger, now: number, settings: Settings): BudgetRecord[] {
  return [...ledger.budgets.values()]
    .map((budget) => ({
      ...budget.record,
      intervals: counted(budget, settings, now),
      pausedUntil: isPaused(budget, now) || budget.record.probing ? budget.record.pausedUntil : null,
    }))
    .filter(
      ({ intervals, learned, pausedUntil }) =>
        intervals.length > 0 || learned !== null || pausedUntil !== null,
    );
}
