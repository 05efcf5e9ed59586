import type { Coordination, WindowsView, WindowView } from '@paceline/shared/contracts';
import { type BudgetName, budgetNames, type Lane, laneNames } from '@paceline/shared/definition';
import { type BudgetState, policyOf } from './budget.ts';
import { estimateFor } from './estimate.ts';
import { type Ledger, peekBudget } from './ledger.ts';
import { recentWaits } from './stats.ts';
import { firstWaiters } from './queue.ts';
import { available, countCalls, countedCalls, freeAt, leavesAt } from './window.ts';

/** Window usage, conflicts and waits of an account. */
export function coordination(ledger: Ledger, account: string, now: number): Coordination {
  const states = budgetNames.map((endpoint) => peekBudget(ledger, account, endpoint));
  const usage = states.map((budget) => {
    const used = countCalls(budget, now);
    const free = available(budget, now, true);
    const resetAt = free > 0 ? null : Math.ceil(freeAt(budget, now, 1, 'typical', true));
    return [budget.record.endpoint, { used, available: free, resetAt }] as const;
  });
  const stats = ledger.stats.get(account);
  const ended = stats ? recentWaits(stats, now) : [];
  const total = (of: (each: (typeof ended)[number]) => number) =>
    ended.reduce((sum, each) => sum + of(each), 0);
  const pending = states.reduce((sum, { queue }) => sum + queue.byTicket.size, 0);
  const currentWaits = states.reduce(
    (sum, { queue }) => sum + Math.max(0, queue.byTicket.size * now - queue.requestedAtSum),
    0,
  );
  const waits = pending + total(({ count }) => count);
  const sum = currentWaits + total(({ sum: waited }) => waited);
  const oldest = Math.min(...states.flatMap(({ queue }) => [queue.forced.min, queue.scheduled.min]));
  return {
    rateLimitUsage: Object.fromEntries(usage) as Coordination['rateLimitUsage'],
    conflicts: { count: stats?.conflicts ?? 0, lastConflict: stats?.lastConflict ?? null },
    queue: {
      pending,
      avgWaitTime: waits === 0 ? 0 : Math.round(sum / waits),
      maxWaitTime: Math.max(0, now - oldest, ...ended.map(({ max }) => max)),
    },
  };
}

/**
 * Every window of an account with its permits.
 * @param shown how many waiting requests to list per window
 */
export function windows(ledger: Ledger, account: string, now: number, shown = 10): WindowsView {
  const estimates = ledger.stats.get(account)?.estimates ?? { kept: 0, missed: 0 };
  return {
    windows: budgetNames.map((endpoint) => windowOf(peekBudget(ledger, account, endpoint), now, shown)),
    estimates: { ...estimates },
  };
}

function windowOf(budget: BudgetState, now: number, shown: number): WindowView {
  const { record, queue } = budget;
  const { limit, windowMs } = policyOf(budget);
  const free = available(budget, now, true);
  const ifFuture = (at: number | null) => (at !== null && at > now ? at : null);
  return {
    endpoint: record.endpoint,
    policy: {
      limit,
      windowMs,
      from: record.policy?.from ?? 'documented',
      since: record.policy?.since ?? null,
    },
    documented: budget.settings.policies[record.endpoint],
    ...(budget.advertised && { advertised: budget.advertised }),
    permits: countedCalls(budget, now).map((interval) => ({
      permit: interval.permit,
      lane: interval.lane,
      startedAt: interval.startedAt,
      settled: interval.settled,
      leavesAt: Math.ceil(leavesAt(interval, budget)),
      ...(interval.restored && { restored: true }),
    })),
    available: free,
    freeAt: free > 0 ? null : Math.ceil(freeAt(budget, now, 1, 'typical', true)),
    pausedUntil: {
      upstream: ifFuture(record.pausedUntil.upstream),
      operator: ifFuture(record.pausedUntil.operator),
    },
    probing: record.probing,
    unknownUntil: ifFuture(record.unknownUntil),
    waiting: {
      count: queue.byTicket.size,
      lanes: [...queue.byLane].flatMap(([lane, count]) => (count > 0 ? [{ lane, count }] : [])),
      next: [...firstWaiters(queue, shown)].map((waiter, index) => ({
        ticket: waiter.request.ticket,
        lane: waiter.request.lane,
        requestedAt: waiter.request.requestedAt,
        estimatedAt: estimateFor(budget, waiter, index + 1, now),
      })),
    },
    lastRejected: record.lastRejected,
  };
}

/** The waiting requests of an account. */
export interface QueueStats {
  /** Waiting requests per lane. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** The longest current wait per budget, in the forced lanes and in the others, project ms; 0 when no request waits. */
  readonly longest: Readonly<Record<BudgetName, { readonly forced: number; readonly scheduled: number }>>;
}

export function queueStats(ledger: Ledger, account: string, now: number): QueueStats {
  const counts = Object.fromEntries(laneNames.map((lane) => [lane, 0])) as Record<Lane, number>;
  const longest = budgetNames.map((endpoint) => {
    const { queue } = peekBudget(ledger, account, endpoint);
    for (const [lane, waiting] of queue.byLane) counts[lane] += waiting;
    const waitSince = (requestedAt: number) => Math.max(0, now - requestedAt);
    return [endpoint, { forced: waitSince(queue.forced.min), scheduled: waitSince(queue.scheduled.min) }];
  });
  return { lanes: counts, longest: Object.fromEntries(longest) as QueueStats['longest'] };
}
