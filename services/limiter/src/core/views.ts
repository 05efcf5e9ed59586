import type { Coordination, WindowLeft, WindowsView, WindowView } from '@paceline/shared/contracts';
import { policyOf } from './budget.ts';
import { estimateFor } from './estimate.ts';
import { freeAt, lastFree } from './free-permits.ts';
import { type Ledger, peekBudgets, upstreamFor } from './ledger.ts';
import { heldAt } from './pool.ts';
import { firstWaiters, isForced, sum } from './queue.ts';
import { recentWaits } from './stats.ts';
import {
  alignedWindow,
  available,
  capacityAt,
  countCalls,
  countedCalls,
  countedSince,
  leavesAt,
  windowStart,
} from './window.ts';
import { hasEnded } from './book-foreign.ts';
import type { BudgetState, EndpointState } from './state.ts';

/** A budget with the permits that it holds at `now`. */
const budgetAt = (budget: BudgetState, now: number): BudgetState => ({
  ...budget,
  held: heldAt(budget, now),
});

/** Window usage, conflicts and waits of an account. */
export function coordination(ledger: Ledger, account: string, now: number): Coordination {
  const budgets = peekBudgets(ledger, account).map((budget) => budgetAt(budget, now));
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
      counted: waits,
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
    windows: peekBudgets(ledger, account).map((budget) => windowOf(budgetAt(budget, now), now, shown)),
    estimates: { ...estimates },
  };
}

/** What is left of a window, its reserve included. */
export function leftOf(budget: BudgetState, now: number): WindowLeft {
  const { limit, windowMs } = policyOf(budget);
  const free = available(budget, now, true);
  return {
    budget: budget.record.endpoint,
    policy: { limit, windowMs },
    available: free,
    freeAt: free > 0 ? null : Math.ceil(freeAt(budget, now, 1, 'typical', true)),
  };
}

function windowOf(budget: BudgetState, now: number, shown: number): WindowView {
  const { record } = budget;
  const { budget: endpoint, policy, ...left } = leftOf(budget, now);
  const ifFuture = (at: number | null) => (at !== null && at > now ? at : null);
  return {
    endpoint,
    policy: {
      ...policy,
      from: record.policy?.from ?? 'documented',
      since: record.policy?.since ?? null,
    },
    documented: budget.definition.policy,
    ...(budget.advertised && { advertised: budget.advertised }),
    ...callsOf(budget, now),
    ...foreignOf(budget, now),
    ...alignedOf(budget, now),
    ...left,
    pausedUntil: {
      upstream: ifFuture(record.pausedUntil.upstream),
      operator: ifFuture(record.pausedUntil.operator),
    },
    probing: record.probing,
    unknownUntil: ifFuture(record.unknownUntil),
    waiting: waitingFor(budget, now, shown),
    lastRejected: record.lastRejected,
  };
}

/** Calls listed one by one; a window of more has the earlier ones as numbers. */
const maxListed = 100;
/** Parts of a window in which earlier calls are counted together. */
const spans = 96;

function callsOf(budget: BudgetState, now: number): Pick<WindowView, 'permits' | 'earlier'> {
  const calls = countedCalls(budget, now);
  const listed = calls.slice(-maxListed);
  const span = policyOf(budget).windowMs / spans;
  const earlier = Map.groupBy(
    calls.slice(0, -maxListed),
    ({ lane, startedAt }) => `${Math.floor(startedAt / span)} ${lane}`,
  );
  return {
    permits: listed.map((interval) => ({
      permit: interval.permit,
      lane: interval.lane,
      startedAt: interval.startedAt,
      settled: interval.settled,
      leavesAt: Math.ceil(leavesAt(budget, interval.arrivesBy)),
      ...(interval.restored && { restored: true }),
    })),
    ...(earlier.size > 0 && {
      earlier: [...earlier.values()].map((each) => ({
        at: each[0]!.startedAt,
        lane: each[0]!.lane,
        calls: each.length,
      })),
    }),
  };
}

function foreignOf(budget: BudgetState, now: number): Pick<WindowView, 'foreign'> {
  const { foreign } = budget.record;
  if (!foreign) return {};
  const since = countedSince(budget, now);
  const calls = foreign.calls
    .filter(({ arrivesBy }) => arrivesBy > since)
    .map(({ arrivesBy, calls: count }) => ({
      calls: count,
      leavesAt: Math.ceil(leavesAt(budget, arrivesBy)),
    }))
    .toSorted((one, other) => one.leavesAt - other.leavesAt);
  if (calls.length === 0 && hasEnded(budget, now)) return {};
  return { foreign: { since: foreign.since, lastAt: foreign.lastAt, by: foreign.by, calls } };
}

function alignedOf(budget: BudgetState, now: number): Pick<WindowView, 'aligned'> {
  if (budget.definition.resets !== 'aligned') return {};
  const from = windowStart(budget, now);
  const pace = budget.definition.paced ? { pace: capacityAt(budget, now, false) } : {};
  return { aligned: { from, until: from + alignedWindow(budget), ...pace } };
}

/** The requests that wait for a budget: of several that their calls count in, the one that is free last. */
function waitingFor(budget: BudgetState, now: number, shown: number): WindowView['waiting'] {
  const { upstream } = budget.pool;
  const isHere = (endpoint: EndpointState, forced: boolean) =>
    lastFree(endpoint, forced, now).record === budget.record;
  const here = budget.endpoints.map((endpoint) => ({
    lines: [
      ...(isHere(endpoint, true) ? [endpoint.lines.forced] : []),
      ...(isHere(endpoint, false) ? [endpoint.lines.scheduled] : []),
    ],
    lanes: [...endpoint.lines.byLane].filter(([lane]) => isHere(endpoint, isForced(upstream, lane))),
  }));
  const lines = here.flatMap((each) => each.lines);
  const lanes = Map.groupBy(
    here.flatMap((each) => each.lanes),
    ([lane]) => lane,
  );
  return {
    count: sum(lines, ({ size }) => size),
    lanes: [...lanes]
      .map(([lane, counts]) => ({ lane, count: sum(counts, ([, count]) => count) }))
      .filter(({ count }) => count > 0),
    next: firstWaiters(lines, shown).map((waiter) => ({
      ticket: waiter.request.ticket,
      lane: waiter.request.lane,
      requestedAt: waiter.request.requestedAt,
      estimatedAt: estimateFor(waiter, now).at,
    })),
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
