import { budgetNames } from '@paceline/shared/definition';
import { type Coordination } from '@paceline/shared/contracts';
import { recentWaits } from './account-news.ts';
import { type Ledger, peekBudget } from './ledger.ts';
import type { Settings } from './settings.ts';
import { available, counted, freeAt } from './window.ts';

/** How full an account's windows are, who waits, and how long people waited. */
export function coordination(ledger: Ledger, account: string, now: number, settings: Settings): Coordination {
  const states = budgetNames.map((endpoint) => peekBudget(ledger, account, endpoint, settings));
  const usage = states.map((budget) => {
    const used = counted(budget, settings, now).length;
    const free = available(budget, settings, now, true);
    const resetAt = free > 0 ? null : Math.ceil(freeAt(budget, settings, now, 1, 'typical', true));
    return [budget.record.endpoint, { used, available: free, resetAt }] as const;
  });
  const news = ledger.news.get(account);
  const ended = news ? recentWaits(news, now) : [];
  const total = (of: (each: (typeof ended)[number]) => number) =>
    ended.reduce((sum, each) => sum + of(each), 0);
  const pending = states.reduce((sum, { queue }) => sum + queue.byTicket.size, 0);
  const waitedSoFar = states.reduce(
    (sum, { queue }) => sum + Math.max(0, queue.byTicket.size * now - queue.askedSum),
    0,
  );
  const waits = pending + total(({ count }) => count);
  const sum = waitedSoFar + total(({ sum: waited }) => waited);
  const oldest = Math.min(...states.flatMap(({ queue }) => [queue.forced.least, queue.common.least]));
  return {
    rateLimitUsage: Object.fromEntries(usage) as Coordination['rateLimitUsage'],
    conflicts: { count: news?.conflicts ?? 0, lastConflict: news?.lastConflict ?? null },
    queue: {
      pending,
      avgWaitTime: waits === 0 ? 0 : Math.round(sum / waits),
      maxWaitTime: Math.max(0, now - oldest, ...ended.map(({ max }) => max)),
    },
  };
}
