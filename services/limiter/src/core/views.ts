import type { Coordination, WindowsView, WindowView } from '@paceline/shared/contracts';
import { type Budget, budgetNames, type Lane, laneNames } from '@paceline/shared/definition';
import { type BudgetState, policyOf } from './budget.ts';
import { estimateFor } from './estimate.ts';
import { type Ledger, peekBudget } from './ledger.ts';
import { recentWaits } from './news.ts';
import { inOrder } from './queue.ts';
import { available, counted, freeAt, leavesAt } from './window.ts';

/** How full an account's windows are, who waits, and how long people waited. */
export function coordination(ledger: Ledger, account: string, now: number): Coordination {
  const states = budgetNames.map((endpoint) => peekBudget(ledger, account, endpoint));
  const usage = states.map((budget) => {
    const used = counted(budget, now).length;
    const free = available(budget, now, true);
    const resetAt = free > 0 ? null : Math.ceil(freeAt(budget, now, 1, 'typical', true));
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

/**
 * Every window of an account with the permits in it, for an operator.
 * @param shown how many of those who wait are shown one by one
 */
export function windows(ledger: Ledger, account: string, now: number, shown = 10): WindowsView {
  const promises = ledger.news.get(account)?.estimates ?? { kept: 0, missed: 0 };
  return {
    windows: budgetNames.map((endpoint) => windowOf(peekBudget(ledger, account, endpoint), now, shown)),
    estimates: { ...promises },
  };
}

function windowOf(budget: BudgetState, now: number, shown: number): WindowView {
  const { record, queue } = budget;
  const { limit, windowMs } = policyOf(budget);
  const free = available(budget, now, true);
  const ahead = (moment: number | null) => (moment !== null && moment > now ? moment : null);
  return {
    endpoint: record.endpoint,
    policy: {
      limit,
      windowMs,
      from: record.policy?.from ?? 'documented',
      since: record.policy?.since ?? null,
    },
    documented: budget.settings.policies[record.endpoint],
    permits: counted(budget, now).map((interval) => ({
      permit: interval.permit,
      lane: interval.lane,
      startedAt: interval.startedAt,
      settled: interval.settled,
      leavesAt: Math.ceil(leavesAt(interval, budget)),
    })),
    available: free,
    freeAt: free > 0 ? null : Math.ceil(freeAt(budget, now, 1, 'typical', true)),
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
        requestedAt: waiter.ask.requestedAt,
        estimatedAt: estimateFor(budget, waiter, index + 1, now),
      })),
    },
    lastRejected: record.lastRejected,
  };
}

/** Who waits for an account's budgets. */
export interface Waiting {
  /** How many wait in each lane. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** How long the one that has waited longest for each budget has waited, project ms; 0: none waits. */
  readonly longest: Readonly<Record<Budget, number>>;
}

/** Goes through all that wait: for an occasional look. */
export function waiting(ledger: Ledger, account: string, now: number): Waiting {
  const counts = Object.fromEntries(laneNames.map((lane) => [lane, 0])) as Record<Lane, number>;
  const longest = budgetNames.map((endpoint) => {
    const { queue } = peekBudget(ledger, account, endpoint);
    for (const { ask } of queue.byTicket.values()) counts[ask.lane] += 1;
    return [endpoint, Math.max(0, now - Math.min(queue.forced.least, queue.common.least))] as const;
  });
  return { lanes: counts, longest: Object.fromEntries(longest) as Record<Budget, number> };
}
