import { eq, sql } from 'drizzle-orm';
import { patienceMs, retryDuringOutage, tables } from '../database/index.ts';
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
 * Records a call before it is sent, so that it counts against its window whatever the broker loses. Waits during an outage of
 * the database: then the permit expires, and nothing is sent.
 * @throws {PermitSpent} when another limiter has taken the partition over since the permit was started; {DatabaseUnreachable}
 */
export async function recordStart(sync: Sync, permit: Permit<BudgetName>, call: LoggedCall): Promise<void> {
  const { account } = sync;
  const partition = partitionOf(account);
  const { endpoint, target, because, startedAt, runId = null, commandId = null, lane } = call;
  // The lock lets a limiter that takes over see this row, or this row see its term.
  const latest = sql`coalesce((select term from ${limiterTerms} where partition = ${partition} for share), 0)`;
  const insert = sql`
    insert into ${syncLogs} (run_id, command_id, endpoint, target, because, message, started_at, permit, partition, account, lane)
    select ${runId}, ${commandId}, ${endpoint}, ${target}, ${because}, '', ${new Date(startedAt).toISOString()}::timestamptz,
      ${permit.id}, ${partition}::int, ${account}, ${lane}
    where ${latest} = ${permit.term}
    on conflict (permit) do nothing`;
  const isRecorded = await retryDuringOutage(
    sync,
    async () => {
      const { rowCount } = await sync.db.execute(insert);
      // A repeated statement finds its own row if only the answer was lost.
      return rowCount === 1 || (await sync.db.$count(syncLogs, eq(syncLogs.permit, permit.id))) === 1;
    },
    patienceMs,
  );
  if (isRecorded) return;
  permit.settle({ result: 'not_sent', superseded: true });
  throw new PermitSpent(`This permit for ${endpoint} can't be used: another limiter has taken over`);
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
export const removeStart = (sync: Sync, permit: Permit<BudgetName>): Promise<unknown> =>
  retryDuringOutage(sync, () => sync.db.delete(syncLogs).where(eq(syncLogs.permit, permit.id)));
