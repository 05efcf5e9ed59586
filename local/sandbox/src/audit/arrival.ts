import { createHash } from 'node:crypto';
import type { Budget, Policy } from '../budgets.ts';
import type { FaultKind } from '../faults/fault.ts';

/**
 * - `accepted`, `rejected`: what the limiter said; both are counted by it
 * - `unauthorized`: wrong or missing key; `not_found`: a path that is no endpoint; `host_gone`: a fault that
 *   answers 404 to everything. None of them reaches the limiter.
 */
export type Verdict = 'accepted' | 'rejected' | 'unauthorized' | 'not_found' | 'host_gone';

/** One request that arrived, with the verdict. All moments are project ms. */
export interface Arrival {
  readonly seq: number;
  readonly arrivedAt: number;
  /** A short hash of the key; the key itself is never kept. */
  readonly key: string;
  readonly budget: Budget | null;
  /** The policy that was in force, where one applied. */
  readonly policy: Policy | null;
  readonly method: string;
  readonly path: string;
  readonly verdict: Verdict;
  readonly fault?: FaultKind;
  /** Missing while it is being answered, and for ever when it never was (hang, reset, caller gone). */
  readonly status?: number;
  readonly answeredAt?: number;
}

/** The name under which a key appears in the audit log. */
export const keyName = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 8);
