import { eq, sql } from 'drizzle-orm';
import { isDatabaseUnavailable, patienceMs, retryDuringOutage, tables } from '../database/index.ts';
import type { BudgetName, Lane } from '../definition/index.ts';
import { type Permit, PermitSpent, partitionOf } from '../limiter/index.ts';
import type { Sync } from './open.ts';

const { syncLogs, limiterTerms } = tables;

/** The run or command of a call; neither for urgent refreshes. */
export interface CallOwner {
  readonly runId?: string;
  readonly commandId?: string;
}

/** The outcome of a call, as stored in the call log. */
export type CallOutcome = Pick<
  typeof syncLogs.$inferInsert,
  'status' | 'message' | 'rawStart' | 'unreadable'
>;

/** A call that is about to be sent. `startedAt`: project ms. */
export interface LoggedCall extends CallOwner {
  readonly endpoint: BudgetName;
  readonly lane: Lane;
  readonly target: string;
  readonly because: string | null;
  readonly startedAt: number;
}

/**
 * Records a call before it is sent, so that it counts against its window whatever the broker loses. In an outage of the database
 * the permit is returned, and the outage waited for: the call needs another permit then.
 * @throws {PermitSpent} when it could not be recorded, or another limiter has taken the partition over since the permit was
 *   started; {DatabaseOutage} after a long outage
 */
export async function recordStart(sync: Sync, permit: Permit<BudgetName>, call: LoggedCall): Promise<void> {
  const spent = (reason: string) =>
    new PermitSpent(`This permit for ${call.endpoint} can't be used: ${reason}`);
  try {
    if (await insertStart(sync, permit, call)) return;
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
    permit.settle({ result: 'not_sent' });
    // The statement may have been carried out.
    await removeStart(sync, permit, patienceMs);
    throw spent('the call could not be recorded');
  }
  permit.settle({ result: 'not_sent', superseded: true });
  throw spent('another limiter has taken over');
}

/** Inserts the row unless a later term has started. */
async function insertStart(
  { db, account }: Sync,
  { id, term }: Permit<BudgetName>,
  { endpoint, target, because, startedAt, runId, commandId, lane }: LoggedCall,
): Promise<boolean> {
  const partition = partitionOf(account);
  // An owner of a version without terms: the row to lock must exist.
  if (term === 0) await db.insert(limiterTerms).values({ partition, term }).onConflictDoNothing();
  // The lock lets a limiter that takes over see this row, or this row see its term.
  const { rowCount } = await db.execute(sql`
    with latest as (select 1 from ${limiterTerms} where partition = ${partition} and term = ${term} for share)
    insert into ${syncLogs} (run_id, command_id, endpoint, target, because, message, started_at, permit, partition, account, lane)
    select ${runId ?? null}, ${commandId ?? null}, ${endpoint}, ${target}, ${because}, '', ${new Date(startedAt).toISOString()}::timestamptz,
      ${id}, ${partition}::int, ${account}, ${lane}
    from latest`);
  return rowCount === 1;
}

/** Records how a call ended. */
export const recordEnd = (
  sync: Sync,
  permit: Permit<BudgetName>,
  outcome: CallOutcome & { readonly durationMs: number },
): Promise<unknown> =>
  retryDuringOutage(sync, () =>
    sync.db
      .update(syncLogs)
      .set({ ...outcome, endedAt: sql`clock_timestamp()` })
      .where(eq(syncLogs.permit, permit.id)),
  );

/** Removes the record of a call that was not sent, before its permit is returned. */
export const removeStart = (
  sync: Sync,
  permit: Permit<BudgetName>,
  giveUpAfterMs?: number,
): Promise<unknown> =>
  retryDuringOutage(
    sync,
    () => sync.db.delete(syncLogs).where(eq(syncLogs.permit, permit.id)),
    giveUpAfterMs,
  );
