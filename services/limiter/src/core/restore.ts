import type { BudgetRecord, JournalEntry } from '@paceline/shared/contracts';
import { type BudgetState, createBudget } from './budget.ts';
import { evolve } from './evolve.ts';
import { createLedger, keyOf, type Ledger, lossMattersUntil } from './ledger.ts';
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
    ledger.lostAt = entry.lostAt;
    for (const record of entry.budgets) {
      ledger.budgets.set(keyOf(record.account, record.endpoint), createBudget(record));
    }
  }
  // Told since this limiter took over.
  ledger.news.clear();
  return ledger;
}

/** How much one entry may hold, in budgets and their calls: far below what the broker takes in one message. */
const largestPart = 1_000;

/**
 * Everything of a ledger that still weighs, in parts that are small enough for an entry each. The ledger may go on
 * between two parts: what is new by then is told by the facts.
 */
export function* restated(ledger: Ledger, now: () => number, settings: Settings): Generator<BudgetRecord[]> {
  let part: BudgetRecord[] = [];
  let weight = 0;
  for (const budget of ledger.budgets.values()) {
    if (!weighsNow(budget, now(), settings)) continue;
    const intervals = counted(budget, settings, now());
    part.push({ ...budget.record, intervals, pausedUntil: { ...budget.record.pausedUntil } });
    weight += 1 + intervals.length;
    if (weight < largestPart) continue;
    yield part;
    part = [];
    weight = 0;
  }
  yield part;
}

/** Whether anything in a ledger depends on how much time passes after `now`: a window, a pause, a lost journal. */
export const weighs = (ledger: Ledger, now: number, settings: Settings): boolean =>
  lossMattersUntil(ledger, settings) > now ||
  [...ledger.budgets.values()].some((budget) => lasts(budget, now, settings));

/** Whether a budget would decide otherwise at `now` than one that was never asked for. */
export const weighsNow = (budget: BudgetState, now: number, settings: Settings): boolean =>
  budget.record.policy !== null || budget.record.probing || lasts(budget, now, settings);

const lasts = (budget: BudgetState, now: number, settings: Settings): boolean =>
  isPaused(budget, now) ||
  (budget.record.unknownUntil ?? 0) > now ||
  counted(budget, settings, now).length > 0;
