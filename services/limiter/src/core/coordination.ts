import { budgets, type Coordination } from '@paceline/shared/contracts';
import { peekBudget, type Ledger } from './budget.ts';
import type { Settings } from './settings.ts';
import { available, counted, freeAt } from './window.ts';

const hour = 3_600_000;

/** How full an account's windows are, who waits, and how long people waited. */
export function coordination(ledger: Ledger, account: string, now: number, settings: Settings): Coordination {
  const usage = budgets.map((endpoint) => {
    const budget = peekBudget(ledger, account, endpoint);
    const used = counted(budget, settings, now).length;
    const free = available(budget, settings, now);
    const resetAt = free > 0 ? null : Math.ceil(freeAt(budget, settings, now, 1, 'typical'));
    return [endpoint, { used, available: free, resetAt }] as const;
  });
  const waiters = budgets.flatMap((endpoint) => peekBudget(ledger, account, endpoint).queue);
  const waits = [
    ...waiters.map(({ ask }) => Math.max(0, now - ask.firstAskedAt)),
    ...(ledger.waits.get(account) ?? []).filter(({ at }) => at > now - hour).map(({ waitedMs }) => waitedMs),
  ];
  const conflicts = ledger.conflicts.get(account);
  return {
    rateLimitUsage: Object.fromEntries(usage) as Coordination['rateLimitUsage'],
    conflicts: { count: conflicts?.count ?? 0, lastConflict: conflicts?.last ?? null },
    queue: {
      pending: waiters.length,
      avgWaitTime:
        waits.length === 0 ? 0 : Math.round(waits.reduce((sum, each) => sum + each, 0) / waits.length),
      maxWaitTime: Math.max(0, ...waits),
    },
  };
}
