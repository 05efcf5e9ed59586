import type { Policy } from '@paceline/shared/config';
import type { Budget, BudgetRecord, Conflict, Lane, TraceContext } from '@paceline/shared/contracts';
import type { Waiter } from './queue.ts';
import type { Settings } from './settings.ts';

/** A permit that is held for its asker and not yet started: it costs nothing when its holder dies. */
export interface Grant {
  readonly permit: string;
  readonly ticket: string;
  readonly lane: Lane;
  readonly firstAskedAt: number;
  readonly trace: TraceContext;
  startBy: number;
}

/** Everything known of one account's budget. */
export interface BudgetState {
  /** What the journal holds: survives everything. */
  readonly record: BudgetRecord;
  /** In the order in which they go. */
  readonly queue: Waiter[];
  readonly waiting: Map<string, Waiter>;
  readonly grants: Map<string, Grant>;
}

/** The budgets of one partition, by account and endpoint. */
export interface Ledger {
  /** Grows with every grant; with `epoch` it makes permit ids unique. */
  grants: number;
  /** The journal sequence of the claim under which this ledger decides. */
  readonly epoch: number;
  readonly budgets: Map<string, BudgetState>;
  readonly conflicts: Map<string, { count: number; last: Conflict }>;
  /** Waits that ended within the last hour, by account: for metrics. */
  readonly waits: Map<string, Array<{ at: number; waitedMs: number }>>;
}

export const createLedger = (epoch: number): Ledger => ({
  grants: 0,
  epoch,
  budgets: new Map(),
  conflicts: new Map(),
  waits: new Map(),
});

export function budgetOf(ledger: Ledger, account: string, endpoint: Budget): BudgetState {
  const key = `${account}/${endpoint}`;
  const known = ledger.budgets.get(key);
  if (known) return known;
  const fresh = restoreBudget({
    account,
    endpoint,
    intervals: [],
    pausedUntil: null,
    probing: false,
    learned: null,
    failures: 0,
  });
  ledger.budgets.set(key, fresh);
  return fresh;
}

export const restoreBudget = (record: BudgetRecord): BudgetState => ({
  record: { ...record, intervals: [...record.intervals] },
  queue: [],
  waiting: new Map(),
  grants: new Map(),
});

/** What upstream itself said of the limit, else what its vendor documents. */
export const policyOf = ({ record }: BudgetState, settings: Settings): Policy =>
  record.learned ?? settings.policies[record.endpoint];
