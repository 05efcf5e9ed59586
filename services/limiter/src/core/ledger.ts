import { type PermitRequestOf, upstreamOf } from '@paceline/shared/contracts';
import { createPool } from './pool.ts';
import type { LimiterSettings } from './settings.ts';
import { Sorted } from './sorted.ts';
import { type AccountStats, createStats } from './stats.ts';
import type { BudgetSettings, EndpointSettings, PoolSettings, UpstreamSettings } from './upstream.ts';
import { leavesAt } from './window.ts';
import type { BudgetState, EndpointState, Pool } from './state.ts';

/** The budgets of one partition, in pools by account. */
export interface Ledger {
  readonly settings: LimiterSettings;
  /** Counts granted permits; with `epoch` it makes permit ids unique. */
  grants: number;
  /** The journal sequence of the claim under which this ledger decides; 0 until it is in the journal. */
  epoch: number;
  /** The owner's term: Postgres accepts records of calls only under the latest one. 0 until it has started. */
  term: number;
  /** Nothing is granted before this time: after a restart the most urgent request may not have been repeated yet. Project ms. */
  quietUntil: number;
  /** When the journal was found lost: its calls count as spent from then on. */
  lostAt: number | null;
  readonly pools: Map<string, Pool>;
  /** Pools in which time alone may free a permit, earliest first. */
  readonly alarms: Sorted<Pool>;
  /** By account. */
  readonly stats: Map<string, AccountStats>;
  /** Cycles through the pools in search of idle ones. */
  sweep: Iterator<Pool>;
  /** Requests waiting in all queues. */
  waiting: number;
}

export const createLedger = (epoch: number, settings: LimiterSettings, quietUntil = 0): Ledger => ({
  settings,
  grants: 0,
  epoch,
  term: 0,
  quietUntil,
  lostAt: null,
  pools: new Map(),
  alarms: new Sorted(alarmBefore, ({ alarmAt }) => alarmAt ?? Infinity),
  stats: new Map(),
  sweep: [][Symbol.iterator](),
  waiting: 0,
});

const alarmBefore = (a: Pool, b: Pool): boolean => {
  const [at, other] = [a.alarmAt ?? Infinity, b.alarmAt ?? Infinity];
  return at === other ? a.key < b.key : at < other;
};

/** The settings of the account's upstream; undefined if this limiter doesn't know it. */
export const upstreamFor = (account: string, { upstreams }: LimiterSettings): UpstreamSettings | undefined =>
  upstreams[upstreamOf(account)];

/** An account's endpoint, which the ledger keeps from now on; undefined if its upstream has none of that name. */
export function endpointOf(ledger: Ledger, account: string, name: string): EndpointState | undefined {
  const upstream = upstreamFor(account, ledger.settings);
  const settings = upstream?.poolOfEndpoint[name];
  return (
    settings && keptPool(ledger, account, upstream, settings).endpoints.find((each) => each.name === name)
  );
}

/** As `endpointOf`, for a budget. */
export function budgetOf(ledger: Ledger, account: string, name: string): BudgetState | undefined {
  const upstream = upstreamFor(account, ledger.settings);
  const settings = upstream?.poolOfBudget[name];
  return settings && budgetIn(keptPool(ledger, account, upstream, settings), name);
}

const budgetIn = ({ budgets }: Pool, name: string): BudgetState | undefined =>
  budgets.find(({ record }) => record.endpoint === name);

/** Every budget of an account. Those that the ledger doesn't keep are new ones. */
export function peekBudgets(ledger: Ledger, account: string): BudgetState[] {
  const upstream = upstreamFor(account, ledger.settings);
  if (!upstream) return [];
  const pools = new Map<PoolSettings, Pool>();
  return Object.keys(upstream.budgets).flatMap((name) => {
    const settings = upstream.poolOfBudget[name] as PoolSettings;
    const pool = pools.get(settings) ?? peekPool(ledger, account, upstream, settings);
    pools.set(settings, pool);
    return budgetIn(pool, name) ?? [];
  });
}

/** Whether the ledger keeps any pool of an account. */
export const hasPool = (ledger: Ledger, account: string): boolean =>
  Object.values(upstreamFor(account, ledger.settings)?.poolOfBudget ?? {}).some(({ name }) =>
    ledger.pools.has(keyOf(account, name)),
  );

export const keyOf = (account: string, pool: string): string => `${account}/${pool}`;

function keptPool(ledger: Ledger, account: string, upstream: UpstreamSettings, settings: PoolSettings): Pool {
  const key = keyOf(account, settings.name);
  const known = ledger.pools.get(key);
  if (known) return known;
  const pool = newPool(ledger, key, account, upstream, settings);
  ledger.pools.set(key, pool);
  return pool;
}

function peekPool(ledger: Ledger, account: string, upstream: UpstreamSettings, settings: PoolSettings): Pool {
  const key = keyOf(account, settings.name);
  return ledger.pools.get(key) ?? newPool(ledger, key, account, upstream, settings);
}

function newPool(
  { settings, lostAt }: Ledger,
  key: string,
  account: string,
  upstream: UpstreamSettings,
  of: PoolSettings,
): Pool {
  const pool = createPool(key, account, of, upstream, settings);
  if (lostAt !== null) for (const budget of pool.budgets) countAsSpent(budget, lostAt);
  return pool;
}

/** Calls from before `lostAt` are unknown: they may still arrive for a while, and then count for one window. */
export function countAsSpent(budget: BudgetState, lostAt: number): void {
  const { record } = budget;
  const until = leavesAt(budget, lostAt + maxArrivalDelay(budget.definition, budget.settings));
  record.unknownUntil = Math.ceil(Math.max(record.unknownUntil ?? 0, until));
  // Whether the probe was among the lost calls is unknown too.
  record.probing = false;
}

/** Until when a call from before a journal loss may count, in any budget with its documented policy. */
export function lossCountsUntil({ lostAt, settings }: Ledger): number {
  if (lostAt === null) return 0;
  const budgets = Object.values(settings.upstreams).flatMap((upstream) => Object.values(upstream.budgets));
  return Math.max(
    ...budgets.map(
      (budget) =>
        lostAt + maxArrivalDelay(budget, settings) + longestWindow(budget, budget.policy.windowMs, settings),
    ),
  );
}

/** The longest time from a call's arrival to when it no longer counts in a window. */
export const longestWindow = (
  { resets }: Pick<BudgetSettings, 'resets'>,
  windowMs: number,
  { epsilon }: LimiterSettings,
): number => windowMs + (resets === 'aligned' ? 2 * epsilon : epsilon);

/** The longest time from a call's start to its arrival upstream, assumed while it is not settled. */
export const maxArrivalDelay = (
  { callTimeout }: Pick<EndpointSettings, 'callTimeout'>,
  settings: LimiterSettings,
): number => settings.sendWithin + callTimeout + settings.guard + settings.clockLag;

export function statsOf(ledger: Ledger, account: string): AccountStats {
  const known = ledger.stats.get(account);
  if (known) return known;
  const stats = createStats();
  ledger.stats.set(account, stats);
  return stats;
}

export function setAlarm(ledger: Ledger, pool: Pool, at: number | undefined): void {
  if (pool.alarmAt === at) return;
  if (pool.alarmAt !== undefined) ledger.alarms.delete(pool);
  pool.alarmAt = at;
  if (at !== undefined) ledger.alarms.add(pool);
}

/** A request shows that another limiter has taken over, so this one must not decide. */
export class LaterClaimSeen extends Error {
  override name = 'LaterClaimSeen';
  /** The epoch of that claim; 0: unknown. */
  readonly epoch: number;

  constructor(epoch: number, reason = `permits were granted under the later claim ${epoch}`) {
    super(reason);
    this.epoch = epoch;
  }
}

/**
 * Checks that no later claim granted the permit. After a journal loss a higher epoch may be that of an earlier claim,
 * so it is accepted.
 * @throws {LaterClaimSeen}
 */
export function requireOwnEpoch(ledger: Ledger, permit: string): void {
  const epoch = Number.parseInt(permit, 10);
  if (epoch > ledger.epoch && ledger.lostAt === null) throw new LaterClaimSeen(epoch);
}

/**
 * Checks that Postgres refused a call of this claim for no later owner: one that the broker let decide at the same time, for
 * example because its servers had lost touch with each other.
 * @throws {LaterClaimSeen}
 */
export function requireLatestTerm(ledger: Ledger, { permit, outcome }: PermitRequestOf<'settle'>): void {
  if (outcome.superseded && Number.parseInt(permit, 10) === ledger.epoch)
    throw new LaterClaimSeen(0, `Postgres knows a later term than ${ledger.term}`);
}
