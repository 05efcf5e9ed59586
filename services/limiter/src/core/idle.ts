import { budgetNames } from '@paceline/shared/definition';
import type { BudgetState } from './budget.ts';
import { keyOf, type Ledger } from './ledger.ts';
import { weighsNow } from './recovery.ts';

/** Project ms: longer than any window is looked back into, and than an account's news is asked for. */
const day = 86_400_000;
/** Budgets looked at in each turn, and further ones for each request: as fast as new ones can come. */
const aTurn = 2;

/**
 * Drops budgets that have been idle for a day: nothing of them counts or was learned, nobody waits, and one that is asked for
 * again begins as a new one would, with the same answers. It looks at a few at a time, round and round, so that the work of
 * a turn does not grow with the accounts, and memory follows those that were there within a day.
 * @param requests how many there were in this turn
 */
export function dropIdle(ledger: Ledger, requests: number, now: number): void {
  for (let left = aTurn * (1 + requests); left > 0; left -= 1) {
    const next = ledger.round.next();
    if (next.done === true) {
      ledger.round = ledger.budgets.values();
      return;
    }
    if (isIdle(ledger, next.value, now)) drop(ledger, next.value);
  }
}

function isIdle(ledger: Ledger, budget: BudgetState, now: number): boolean {
  const { record, queue, grants, alarmAt } = budget;
  const isOld = (at: number | undefined) => (at ?? 0) + day <= now;
  return (
    queue.byTicket.size === 0 &&
    grants.every(({ startBy }) => isOld(startBy)) &&
    alarmAt === undefined &&
    record.intervals.every(({ arrivesBy }) => isOld(arrivesBy)) &&
    isOld(ledger.news.get(record.account)?.lastConflict?.at) &&
    !weighsNow(budget, now)
  );
}

/** With the last budget of an account goes its news. */
function drop(ledger: Ledger, { record: { account, endpoint } }: BudgetState): void {
  ledger.budgets.delete(keyOf(account, endpoint));
  if (budgetNames.every((each) => !ledger.budgets.has(keyOf(account, each)))) ledger.news.delete(account);
}
