import { type Budget, budgetNames } from '@paceline/shared/definition';
import { type BudgetState, createBudget, freshRecord, policyOf } from './budget.ts';
import { type AccountNews, createNews } from './news.ts';
import type { Settings } from './settings.ts';
import { Sorted } from './sorted.ts';

/** The budgets of one partition, by account and endpoint. */
export interface Ledger {
  readonly settings: Settings;
  /** Grows with every grant; with `epoch` it makes permit ids unique. */
  grants: number;
  /** The journal sequence of the claim under which this ledger decides. */
  readonly epoch: number;
  /** Nothing is granted before: after a restart the most urgent may not have asked again yet. Project ms. */
  readonly quietUntil: number;
  /** When a journal was found to be gone: what it held counts as spent from then on. */
  lostAt: number | null;
  readonly budgets: Map<string, BudgetState>;
  /** The budgets that something may become free in, by when. */
  readonly alarms: Sorted<BudgetState>;
  readonly news: Map<string, AccountNews>;
  /** Goes round through the budgets, in search of idle ones. */
  round: Iterator<BudgetState>;
  /** How many tickets wait in all. */
  waiting: number;
}

export const createLedger = (epoch: number, settings: Settings, quietUntil = 0): Ledger => ({
  settings,
  grants: 0,
  epoch,
  quietUntil,
  lostAt: null,
  budgets: new Map(),
  alarms: new Sorted(goesOffBefore, ({ alarmAt }) => alarmAt ?? Infinity),
  news: new Map(),
  round: [][Symbol.iterator](),
  waiting: 0,
});

const goesOffBefore = (a: BudgetState, b: BudgetState): boolean => {
  const [at, other] = [a.alarmAt ?? Infinity, b.alarmAt ?? Infinity];
  return at === other ? nameOf(a) < nameOf(b) : at < other;
};
const nameOf = ({ record }: BudgetState) => keyOf(record.account, record.endpoint);

export const keyOf = (account: string, endpoint: Budget): string => `${account}/${endpoint}`;

/** A budget as the ledger knows it; one that was never asked for is fresh. */
export function peekBudget(ledger: Ledger, account: string, endpoint: Budget): BudgetState {
  const known = ledger.budgets.get(keyOf(account, endpoint));
  if (known) return known;
  const budget = createBudget(freshRecord({ account, endpoint }), ledger.settings);
  if (ledger.lostAt !== null) countAsSpent(budget, ledger.lostAt);
  return budget;
}

/** Calls of before `lostAt` are not known: they may arrive for a while, and count for one window from then on. */
export function countAsSpent(budget: BudgetState, lostAt: number): void {
  const { record } = budget;
  const arrivedBy = lostAt + worstCall(record.endpoint, budget.settings);
  const until = arrivedBy + policyOf(budget).windowMs + budget.settings.epsilon;
  record.unknownUntil = Math.ceil(Math.max(record.unknownUntil ?? 0, until));
  // Nor is it known whether it was that call that upstream is to be probed with.
  record.probing = false;
}

/** Until when a call of before a lost journal may count, in a budget that was not asked for since. */
export const lossMattersUntil = ({ lostAt, settings }: Ledger): number =>
  lostAt === null
    ? 0
    : lostAt +
      Math.max(
        ...budgetNames.map(
          (each) => worstCall(each, settings) + settings.policies[each].windowMs + settings.epsilon,
        ),
      );

/** As `peekBudget`, and from now on the ledger knows it. */
export function budgetOf(ledger: Ledger, account: string, endpoint: Budget): BudgetState {
  const budget = peekBudget(ledger, account, endpoint);
  ledger.budgets.set(keyOf(account, endpoint), budget);
  return budget;
}

/** How long after its start a call may arrive at the latest, when nothing is heard of it. */
export const worstCall = (endpoint: Budget, settings: Settings): number =>
  settings.sendWithin + settings.callTimeout[endpoint] + settings.guard + settings.clockLag;

export function newsOf(ledger: Ledger, account: string): AccountNews {
  const known = ledger.news.get(account) ?? createNews();
  ledger.news.set(account, known);
  return known;
}

export function setAlarm(ledger: Ledger, budget: BudgetState, at: number | undefined): void {
  if (budget.alarmAt === at) return;
  if (budget.alarmAt !== undefined) ledger.alarms.delete(budget);
  budget.alarmAt = at;
  if (at !== undefined) ledger.alarms.add(budget);
}

/** Another limiter has claimed the partition since: this one may no longer answer for it. */
export class Superseded extends Error {
  override name = 'Superseded';
  /** The epoch of that claim, as a permit of it tells. */
  readonly epoch: number;

  constructor(epoch: number) {
    super(`permits were granted under the later claim ${epoch}`);
    this.epoch = epoch;
  }
}

/** A permit's id begins with the epoch of the ledger that granted it. */
export const permitId = (epoch: number, count: number, ticket: string): string =>
  `${epoch}-${count}-${ticket}`;

/** Whether a permit was granted to a ticket. */
export const isFor = (permit: string, ticket: string): boolean => ticketOf(permit) === ticket;

const ticketOf = (permit: string): string => permit.slice(permit.indexOf('-', permit.indexOf('-') + 1) + 1);

/**
 * @throws {Superseded} when the permit was granted under a later claim than this ledger's; where a journal is known to
 *   be lost it may have been an earlier one, of which nothing is known any more
 */
export function demandOurs(ledger: Ledger, permit: string): void {
  const epoch = Number.parseInt(permit, 10);
  if (epoch > ledger.epoch && ledger.lostAt === null) throw new Superseded(epoch);
}
