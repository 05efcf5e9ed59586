import { budgetNames } from '@paceline/shared/definition';
import type { BudgetState } from './budget.ts';
import { keyOf, type Ledger } from './ledger.ts';
import { mustBeKept } from './recovery.ts';

/** Project ms: longer than any window matters, and than an account's statistics are read. */
const day = 86_400_000;
/** Budgets checked per turn, and again for each request: as fast as new ones can appear. */
const budgetsPerTurn = 2;

/**
 * Drops budgets that were idle for a day: nothing counts or was learned, no request waits, and a new budget would
 * decide the same. It checks a few per turn, round-robin, so that the work of a turn doesn't grow with the number of
 * accounts and memory is bounded by the accounts of the last day.
 * @param requests the number of requests in this turn
 */
export function dropIdle(ledger: Ledger, requests: number, now: number): void {
  for (let left = budgetsPerTurn * (1 + requests); left > 0; left -= 1) {
    const next = ledger.sweep.next();
    if (next.done === true) {
      ledger.sweep = ledger.budgets.values();
      return;
    }
    if (isIdle(ledger, next.value, now)) drop(ledger, next.value);
  }
}

function isIdle(ledger: Ledger, budget: BudgetState, now: number): boolean {
  const { record, queue, grants, calls, alarmAt } = budget;
  const isOld = (at: number | undefined) => (at ?? 0) + day <= now;
  return (
    queue.byTicket.size === 0 &&
    alarmAt === undefined &&
    [...grants.values()].every(({ startBy }) => isOld(startBy)) &&
    isOld(calls.lastArrival()) &&
    isOld(ledger.stats.get(record.account)?.lastConflict?.at) &&
    !mustBeKept(budget, now)
  );
}

/** Drops a budget, and the account's statistics with its last budget. */
function drop(ledger: Ledger, { record: { account, endpoint } }: BudgetState): void {
  ledger.budgets.delete(keyOf(account, endpoint));
  if (budgetNames.every((each) => !ledger.budgets.has(keyOf(account, each)))) ledger.stats.delete(account);
}
