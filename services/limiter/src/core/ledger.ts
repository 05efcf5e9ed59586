import type { PermitRequestOf } from '@paceline/shared/contracts';
import { type BudgetName, budgetNames } from '@paceline/shared/definition';
import { type BudgetState, createBudget, newRecord, policyOf } from './budget.ts';
import type { LimiterSettings } from './settings.ts';
import { Sorted } from './sorted.ts';
import { type AccountStats, createStats } from './stats.ts';

/** The budgets of one partition, by account and endpoint. */
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
  readonly budgets: Map<string, BudgetState>;
  /** Budgets in which time alone may free a permit, earliest first. */
  readonly alarms: Sorted<BudgetState>;
  /** By account. */
  readonly stats: Map<string, AccountStats>;
  /** Cycles through the budgets in search of idle ones. */
  sweep: Iterator<BudgetState>;
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
  budgets: new Map(),
  alarms: new Sorted(alarmBefore, ({ alarmAt }) => alarmAt ?? Infinity),
  stats: new Map(),
  sweep: [][Symbol.iterator](),
  waiting: 0,
});

const alarmBefore = (a: BudgetState, b: BudgetState): boolean => {
  const [at, other] = [a.alarmAt ?? Infinity, b.alarmAt ?? Infinity];
  return at === other ? nameOf(a) < nameOf(b) : at < other;
};
const nameOf = ({ record }: BudgetState) => keyOf(record.account, record.endpoint);

export const keyOf = (account: string, endpoint: BudgetName): string => `${account}/${endpoint}`;

/** The state of a budget, or a new one that the ledger doesn't keep. */
export const peekBudget = (ledger: Ledger, account: string, endpoint: BudgetName): BudgetState =>
  ledger.budgets.get(keyOf(account, endpoint)) ?? newBudget(ledger, account, endpoint);

function newBudget(ledger: Ledger, account: string, endpoint: BudgetName): BudgetState {
  const budget = createBudget(newRecord({ account, endpoint }), ledger.settings);
  if (ledger.lostAt !== null) countAsSpent(budget, ledger.lostAt);
  return budget;
}

/** Calls from before `lostAt` are unknown: they may still arrive for a while, and then count for one window. */
export function countAsSpent(budget: BudgetState, lostAt: number): void {
  const { record } = budget;
  const arrivedBy = lostAt + maxArrivalDelay(record.endpoint, budget.settings);
  const until = arrivedBy + policyOf(budget).windowMs + budget.settings.epsilon;
  record.unknownUntil = Math.ceil(Math.max(record.unknownUntil ?? 0, until));
  // Whether the probe was among the lost calls is unknown too.
  record.probing = false;
}

/** Until when a call from before a journal loss may count, in any budget with its documented policy. */
export const lossCountsUntil = ({ lostAt, settings }: Ledger): number =>
  lostAt === null
    ? 0
    : lostAt +
      Math.max(
        ...budgetNames.map(
          (each) => maxArrivalDelay(each, settings) + settings.policies[each].windowMs + settings.epsilon,
        ),
      );

/** As `peekBudget`, but the ledger keeps the budget from now on. */
export function budgetOf(ledger: Ledger, account: string, endpoint: BudgetName): BudgetState {
  const key = keyOf(account, endpoint);
  const known = ledger.budgets.get(key);
  if (known) return known;
  const budget = newBudget(ledger, account, endpoint);
  ledger.budgets.set(key, budget);
  return budget;
}

/** The longest time from a call's start to its arrival upstream, assumed while it is not settled. */
export const maxArrivalDelay = (endpoint: BudgetName, settings: LimiterSettings): number =>
  settings.sendWithin + settings.callTimeout[endpoint] + settings.guard + settings.clockLag;

export function statsOf(ledger: Ledger, account: string): AccountStats {
  const known = ledger.stats.get(account);
  if (known) return known;
  const stats = createStats();
  ledger.stats.set(account, stats);
  return stats;
}

export function setAlarm(ledger: Ledger, budget: BudgetState, at: number | undefined): void {
  if (budget.alarmAt === at) return;
  if (budget.alarmAt !== undefined) ledger.alarms.delete(budget);
  budget.alarmAt = at;
  if (at !== undefined) ledger.alarms.add(budget);
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
