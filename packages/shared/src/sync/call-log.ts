import { tables } from '../database/index.ts';
import { type Skipped, UpstreamError } from '../zwiftracing/index.ts';
import type { Sync } from './open.ts';
import { throughOutages } from './through-outages.ts';

/** For whom a call is made; neither: for what can wait for no run. */
export interface CallOwner {
  readonly runId?: string;
  readonly commandId?: string;
}

export type CallRecord = Omit<typeof tables.syncLogs.$inferInsert, 'id' | 'runId' | 'commandId'>;

/** What a call came to, as its row in the log says it. */
export type CallOutcome = Pick<CallRecord, 'status' | 'message' | 'rawStart'>;

/** Writes one row for one call to upstream, good or bad. */
export const logCall = (sync: Sync, owner: CallOwner, call: CallRecord): Promise<unknown> =>
  throughOutages(sync, () => sync.db.insert(tables.syncLogs).values({ ...owner, ...call }));

/**
 * What the log says of an answer.
 * @param about the answer in a few words, e.g. "120 riders"
 */
export function answered(about: string, skipped: readonly Skipped[] = []): CallOutcome {
  const [first] = skipped;
  if (!first) return { status: 200, message: about, rawStart: null };
  const unreadable = `${skipped.length} unreadable, the first: ${first.reason}`;
  return { status: 200, message: `${about}, ${unreadable}`, rawStart: first.rawStart };
}

export function outcomeOfError(error: unknown): CallOutcome {
  if (error instanceof UpstreamError)
    return { status: error.status ?? null, message: error.message, rawStart: error.rawStart ?? null };
  const reason = error instanceof Error ? error.message : String(error);
  return { status: null, message: `given up: ${reason}`, rawStart: null };
}
