import type { Coordination, WindowsView, WindowView } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { estimateFor } from './estimate.ts';
import { freeAt } from './free.ts';
import { type Ledger, peekBudgets, upstreamFor } from './ledger.ts';
import { firstWaiters, sum, waitingIn } from './queue.ts';
import { recentWaits } from './stats.ts';
import { available, countCalls, countedCalls, leavesAt } from './window.ts';
import type { BudgetState } from './state.ts';

/** Window usage, conflicts and waits of an account. */
export function coordination(ledger: Ledger, account: string, now: number): Coordination {
  const budgets = peekBudgets(ledger, account);
  const usage = budgets.map((budget) => {
    const used = countCalls(budget, now);
    const free = available(budget, now, true);
    const resetAt = free > 0 ? null : Math.ceil(freeAt(budget, now, 1, 'typical', true));
    return [budget.record.endpoint, { used, available: free, resetAt }] as const;
  });
  const stats = ledger.stats.get(account);
  const ended = stats ? recentWaits(stats, now) : [];
  const pools = [...new Set(budgets.map(({ pool }) => pool))];
  const pending = sum(pools, ({ queue }) => queue.byTicket.size);
  const waiting = sum(pools, ({ queue }) => Math.max(0, queue.byTicket.size * now - queue.requestedAtSum));
  const waits = pending + sum(ended, ({ count }) => count);
  const waited = waiting + sum(ended, (each) => each.sum);
  const oldest = Math.min(
    ...pools.flatMap(({ endpoints }) =>
      endpoints.flatMap(({ lines }) => [lines.forced.min, lines.scheduled.min]),
    ),
  );
  return {
    rateLimitUsage: Object.fromEntries(usage),
    conflicts: { count: stats?.conflicts ?? 0, lastConflict: stats?.lastConflict ?? null },
    queue: {
      pending,
      avgWaitTime: waits === 0 ? 0 : Math.round(waited / waits),
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
    windows: peekBudgets(ledger, account).map((budget) => windowOf(budget, now, shown)),
    estimates: { ...estimates },
  };
}

function windowOf(budget: BudgetState, now: number, shown: number): WindowView {
  const { record } = budget;
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
    documented: budget.definition.policy,
    ...(budget.advertised && { advertised: budget.advertised }),
    permits: countedCalls(budget, now).map((interval) => ({
      permit: interval.permit,
      lane: interval.lane,
      startedAt: interval.startedAt,
      settled: interval.settled,
      leavesAt: Math.ceil(leavesAt(budget, interval.arrivesBy)),
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
      count: sum(budget.endpoints, ({ lines }) => waitingIn(lines)),
      lanes: [...lanesOf(budget)].map(([lane, count]) => ({ lane, count })),
      next: firstWaiters(budget, shown).map((waiter) => ({
        ticket: waiter.request.ticket,
        lane: waiter.request.lane,
        requestedAt: waiter.request.requestedAt,
        estimatedAt: estimateFor(waiter, now).at,
      })),
    },
    lastRejected: record.lastRejected,
  };
}

/** The requests that need a budget, by lane. */
function lanesOf({ endpoints }: Pick<BudgetState, 'endpoints'>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { lines } of endpoints)
    for (const [lane, count] of lines.byLane)
      if (count > 0) counts.set(lane, (counts.get(lane) ?? 0) + count);
  return counts;
}

/** The waiting requests of an account. */
export interface QueueStats {
  /** Waiting requests per lane. */
  readonly lanes: Readonly<Record<string, number>>;
  /** The longest current wait per budget, in the forced lanes and in the others, project ms; 0 when no request waits. */
  readonly longest: Readonly<Record<string, { readonly forced: number; readonly scheduled: number }>>;
}

export function queueStats(ledger: Ledger, account: string, now: number): QueueStats {
  const budgets = peekBudgets(ledger, account);
  const pools = new Set(budgets.map(({ pool }) => pool));
  const endpoints = [...pools].flatMap((pool) => pool.endpoints);
  const lanes = Object.keys(upstreamFor(account, ledger.settings)?.lanes ?? {});
  const waiting = lanesOf({ endpoints });
  const longest = budgets.map(({ record, endpoints: counted }) => {
    const longestIn = (line: 'forced' | 'scheduled') =>
      Math.max(0, now - Math.min(...counted.map(({ lines }) => lines[line].min)));
    return [record.endpoint, { forced: longestIn('forced'), scheduled: longestIn('scheduled') }];
  });
  return {
    lanes: Object.fromEntries(lanes.map((lane) => [lane, waiting.get(lane) ?? 0])),
    longest: Object.fromEntries(longest) as QueueStats['longest'],
  };
}
