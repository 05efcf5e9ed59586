import type { Lane } from '@paceline/shared/definition';
import type { BudgetRecord, Policy } from '@paceline/shared/contracts';
import { createQueue, type Queue } from './queue.ts';
import type { Settings } from './settings.ts';

/** A permit that is held for its asker and not yet started: it costs nothing when its holder dies. */
export interface Grant {
  readonly permit: string;
  readonly ticket: string;
  readonly lane: Lane;
  readonly requestedAt: number;
  /** When it was first expected to run. */
  readonly estimate: number | undefined;
  readonly startBy: number;
}

/** Everything known of one account's budget. */
export interface BudgetState {
  readonly settings: Settings;
  /** What the journal holds: survives everything. */
  readonly record: BudgetRecord;
  readonly queue: Queue;
  /** Never more than the window has places. */
  grants: readonly Grant[];
  /** When something may become free by the mere passing of time; undefined when nobody waits for that. */
  alarmAt: number | undefined;
  /** How long calls take, as far as some were seen, project ms. */
  usualCall: number | undefined;
  /** How often forced asks came lately: see `promise.ts`. */
  readonly overtaking: { count: number; at: number; since: number };
}

export const freshRecord = ({
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

export const createBudget = (record: BudgetRecord, settings: Settings): BudgetState => ({
  settings,
  record: { ...record, intervals: [...record.intervals], pausedUntil: { ...record.pausedUntil } },
  queue: createQueue(),
  grants: [],
  alarmAt: undefined,
  usualCall: undefined,
  overtaking: { count: 0, at: 0, since: 0 },
});

/** What upstream or an operator said of the limit, else what its vendor documents. */
export const policyOf = ({ record, settings }: BudgetState): Policy =>
  record.policy ?? settings.policies[record.endpoint];
