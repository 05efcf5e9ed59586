import { budgetNames } from '@paceline/shared/definition';
import { type WindowsView, type WindowView } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { type Ledger, peekBudget } from './ledger.ts';
import { expectedAt } from './promise.ts';
import { inOrder } from './queue.ts';
import type { Settings } from './settings.ts';
import { available, counted, freeAt, leavesAt } from './window.ts';

/**
 * Every window of an account with the permits in it, for an operator.
 * @param shown how many of those who wait are shown one by one
 */
export function windows(
  ledger: Ledger,
  account: string,
  now: number,
  settings: Settings,
  shown = 10,
): WindowsView {
  const promises = ledger.news.get(account)?.promises ?? { kept: 0, broken: 0 };
  return {
    windows: budgetNames.map((endpoint) =>
      windowOf(peekBudget(ledger, account, endpoint, settings), now, settings, shown),
    ),
    promises: { ...promises },
  };
}

function windowOf(budget: BudgetState, now: number, settings: Settings, shown: number): WindowView {
  const { record, queue } = budget;
  const { limit, windowMs } = policyOf(budget, settings);
  const free = available(budget, settings, now, true);
  const ahead = (moment: number | null) => (moment !== null && moment > now ? moment : null);
  return {
    endpoint: record.endpoint,
    policy: {
      limit,
      windowMs,
      from: record.policy?.from ?? 'documented',
      since: record.policy?.since ?? null,
    },
    documented: settings.policies[record.endpoint],
    permits: counted(budget, settings, now).map((interval) => ({
      permit: interval.permit,
      lane: interval.lane,
      startedAt: interval.startedAt,
      settled: interval.settled,
      leavesAt: Math.ceil(leavesAt(interval, budget, settings)),
    })),
    available: free,
    freeAt: free > 0 ? null : Math.ceil(freeAt(budget, settings, now, 1, 'typical', true)),
    pausedUntil: {
      upstream: ahead(record.pausedUntil.upstream),
      operator: ahead(record.pausedUntil.operator),
    },
    probing: record.probing,
    unknownUntil: ahead(record.unknownUntil),
    waiting: {
      count: queue.byTicket.size,
      next: [...inOrder(queue, shown)].map((waiter, index) => ({
        ticket: waiter.ask.ticket,
        lane: waiter.ask.lane,
        firstAskedAt: waiter.ask.firstAskedAt,
        estimatedAt: expectedAt(budget, waiter, index + 1, now, settings),
      })),
    },
    lastRejected: record.lastRejected,
  };
}
