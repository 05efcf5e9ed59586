import type { BudgetRecord, Policy } from '@paceline/shared/contracts';
import { Calls } from './calls.ts';
import type { BudgetState, Pool } from './state.ts';
import type { BudgetSettings } from './upstream.ts';

const newRecord = (account: string, endpoint: string): BudgetState['record'] => ({
  account,
  endpoint,
  pausedUntil: { upstream: null, operator: null },
  probing: false,
  floor: { operator: null, upstream: null },
  policy: null,
  unknownUntil: null,
  consecutiveRejections: 0,
  lastRejected: null,
});

export const createBudget = (pool: Pool, name: string): BudgetState => ({
  pool,
  settings: pool.settings,
  definition: pool.upstream.budgets[name] as BudgetSettings,
  calls: new Calls(),
  record: newRecord(pool.account, name),
  endpoints: [],
  held: 0,
  advertised: undefined,
  reading: undefined,
  namedLimit: undefined,
  callDuration: undefined,
  forcedArrivals: { count: 0, at: 0, since: 0 },
});

/** Replaces everything that is known of a budget by a record of it. */
export function restoreBudget(budget: BudgetState, { intervals, ...record }: BudgetRecord): void {
  budget.calls = new Calls(intervals);
  budget.record = {
    ...record,
    // Snapshots of a version before `floor` have an operator's policy only as the current one.
    floor: record.floor ?? {
      operator: record.policy?.from === 'operator' ? record.policy : null,
      upstream: null,
    },
    pausedUntil: { ...record.pausedUntil },
  };
}

/** The policy in force: set by upstream or an operator, else the documented one. */
export const policyOf = ({ record, definition }: BudgetState): Policy => record.policy ?? definition.policy;
