import { hasPool, type Ledger } from './ledger.ts';
import { mustBeKept } from './recovery.ts';
import type { Pool } from './state.ts';

/** Project ms: longer than an account's statistics are read. */
const day = 86_400_000;
/** Pools checked per turn, and again for each request: as fast as new ones can appear. */
const poolsPerTurn = 2;

/**
 * Drops pools that were idle for a day: nothing counts or was learned, no request waits, and a new pool would
 * decide the same. It checks a few per turn, round-robin, so that the work of a turn doesn't grow with the number of
 * accounts and memory is bounded by the accounts of the last day.
 * @param requests the number of requests in this turn
 */
export function dropIdle(ledger: Ledger, requests: number, now: number): void {
  for (let left = poolsPerTurn * (1 + requests); left > 0; left -= 1) {
    const next = ledger.sweep.next();
    if (next.done === true) {
      ledger.sweep = ledger.pools.values();
      return;
    }
    if (isIdle(ledger, next.value, now)) drop(ledger, next.value);
  }
}

function isIdle(ledger: Ledger, { account, queue, grants, budgets, alarmAt }: Pool, now: number): boolean {
  const isOld = (at: number | undefined) => (at ?? 0) + day <= now;
  return (
    queue.byTicket.size === 0 &&
    alarmAt === undefined &&
    [...grants.values()].every(({ startBy }) => isOld(startBy)) &&
    isOld(ledger.stats.get(account)?.lastConflict?.at) &&
    budgets.every((budget) => isOld(budget.calls.lastArrival()) && !mustBeKept(budget, now))
  );
}

/** Drops a pool, and the account's statistics with its last one. */
function drop(ledger: Ledger, { key, account }: Pool): void {
  ledger.pools.delete(key);
  if (!hasPool(ledger, account)) ledger.stats.delete(account);
}
