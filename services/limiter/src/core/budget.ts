import type { Lane } from '@paceline/shared/definition';
import type { BudgetRecord, Policy } from '@paceline/shared/contracts';
import { Calls } from './calls.ts';
import { createQueue, type BudgetQueue } from './queue.ts';
import type { LimiterSettings } from './settings.ts';

/** A permit that is held for a client and not started yet: it costs nothing if the client dies. */
export interface Grant {
  readonly permit: string;
  readonly ticket: string;
  readonly lane: Lane;
  readonly requestedAt: number;
  readonly firstEstimate: number | undefined;
  readonly startBy: number;
}

/** The state of one account's budget. */
export interface BudgetState {
  readonly settings: LimiterSettings;
  /** The part that the journal restores, with the calls. */
  readonly record: Omit<BudgetRecord, 'intervals'> & { floor: NonNullable<BudgetRecord['floor']> };
  calls: Calls;
  readonly queue: BudgetQueue;
  /** By ticket, the first to expire first. Never more than the window has room for. */
  readonly grants: Map<string, Grant>;
  /** When time alone may free a permit; undefined while no request waits for one. */
  alarmAt: number | undefined;
  /** The last policy that headers advertised, since this limiter took over. */
  advertised: Policy | undefined;
  /** Moving average of measured call durations, project ms; undefined before the first call. */
  callDuration: number | undefined;
  /** The recent rate of forced requests: see `estimate.ts`. */
  readonly forcedArrivals: { count: number; at: number; since: number };
}

export const newRecord = ({
  account,
  endpoint,
}: Pick<BudgetRecord, 'account' | 'endpoint'>): BudgetRecord => ({
  account,
  endpoint,
  intervals: [],
  pausedUntil: { upstream: null, operator: null },
  probing: false,
  policy: null,
  unknownUntil: null,
  consecutiveRejections: 0,
  lastRejected: null,
});

export const createBudget = (
  { intervals, ...record }: BudgetRecord,
  settings: LimiterSettings,
): BudgetState => ({
  settings,
  calls: new Calls(intervals),
  record: {
    ...record,
    // Snapshots of a version before `floor` have an operator's policy only as the current one.
    floor: record.floor ?? {
      operator: record.policy?.from === 'operator' ? record.policy : null,
      upstream: null,
    },
    pausedUntil: { ...record.pausedUntil },
  },
  queue: createQueue(),
  grants: new Map(),
  alarmAt: undefined,
  advertised: undefined,
  callDuration: undefined,
  forcedArrivals: { count: 0, at: 0, since: 0 },
});

/** The policy in force: set by upstream or an operator, else the documented one. */
export const policyOf = ({ record, settings }: BudgetState): Policy =>
  record.policy ?? settings.policies[record.endpoint];
