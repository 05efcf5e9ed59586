import type { Policy } from '@paceline/shared/config';
import type { Budget, BudgetRecord, Conflict, Lane } from '@paceline/shared/contracts';
import type { Waiter } from './queue.ts';
import type { Settings } from './settings.ts';

/** A permit that is held for its asker and not yet started: it costs nothing when its holder dies. */
export interface Grant {
  readonly permit: string;
  readonly ticket: string;
  readonly lane: Lane;
  readonly firstAskedAt: number;
  readonly startBy: number;
}

/** Everything known of one account's budget. */
export interface BudgetState {
  /** What the journal holds: survives everything. */
  readonly record: BudgetRecord;
  /** In the order in which they go. */
  readonly queue: Waiter[];
  /** The same, by ticket; who asked longest ago is first. */
  readonly waiting: Map<string, Waiter>;
  readonly grants: Map<string, Grant>;
}

/** The budgets of one partition, by account and endpoint. */
export interface Ledger {
  /** Grows with every grant; with `epoch` it makes permit ids unique. */
  grants: number;
  /** The journal sequence of the claim under which this ledger decides. */
  readonly epoch: number;
  /** Nothing is granted before: after a restart the most urgent may not have asked again yet. Project ms. */
  readonly quietUntil: number;
  readonly budgets: Map<string, BudgetState>;
  readonly conflicts: Map<string, { count: number; last: Conflict }>;
  /** Waits that ended within the last hour, by account: for metrics. */
  readonly waits: Map<string, Array<{ at: number; waitedMs: number }>>;
}

export const createLedger = (epoch: number, quietUntil = 0): Ledger => ({
  grants: 0,
  epoch,
  quietUntil,
  budgets: new Map(),
  conflicts: new Map(),
  waits: new Map(),
});

/** A budget as the ledger knows it; one that was never asked for is fresh. */
export const peekBudget = (ledger: Ledger, account: string, endpoint: Budget): BudgetState =>
  ledger.budgets.get(keyOf(account, endpoint)) ??
  restoreBudget({
    account,
    endpoint,
    intervals: [],
    pausedUntil: null,
    probing: false,
    learned: null,
    failures: 0,
  });

/** As `peekBudget`, and from now on the ledger knows it. */
export function budgetOf(ledger: Ledger, account: string, endpoint: Budget): BudgetState {
  const budget = peekBudget(ledger, account, endpoint);
  ledger.budgets.set(keyOf(account, endpoint), budget);
  return budget;
}

export const keyOf = (account: string, endpoint: Budget): string => `${account}/${endpoint}`;

export const restoreBudget = (record: BudgetRecord): BudgetState => ({
  record: { ...record, intervals: [...record.intervals] },
  queue: [],
  waiting: new Map(),
  grants: new Map(),
});

/** What upstream itself said of the limit, else what its vendor documents. */
export const policyOf = ({ record }: BudgetState, settings: Settings): Policy =>
  record.learned ?? settings.policies[record.endpoint];
