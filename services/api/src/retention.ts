import { maxWindowMs } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Clock } from '@paceline/shared/clock';
import type { Logger } from '@paceline/shared/telemetry';
import { repeat } from './repeat.ts';

/** Retention times, project ms. */
export interface Retention {
  /** Runs, commands, calls, alerts and conflicts, from their end. */
  readonly history: number;
  /** Events with their signups and results, from their start. */
  readonly events: number;
  /** When signups were copied. */
  readonly copies: number;
  /** Earlier versions of riders. */
  readonly riderHistory: number;
  /** Responses to requests with an idempotency key. */
  readonly responses: number;
}

const day = 86_400_000;
const permitRetention = 2 * day;

/** Deletes up to `limit` of the oldest rows (`old`) that match `where`, skipping locked ones. */
const deleteOldest = (table: PgTable, by: string, where: SQL, limit: number): SQL => sql`
  delete from ${table} where ctid = any(array(
    select old.ctid from ${table} old
    ${table === tables.wantedRiders ? sql`join ${tables.commands} using (command_id)` : undefined}
    where ${where} order by ${sql.identifier(by)} limit ${limit} for update of old skip locked))`;

/** Deletions of outdated rows at `now` (project ms), in order, one per table; none deletes open work. */
export function deletions(kept: Retention, now: number) {
  const before = (ms: number): SQL => sql`${new Date(now - ms).toISOString()}::timestamptz`;
  const history = before(kept.history);
  /** @param only condition besides the age in column `by` @param cascaded rows that are deleted with each */
  const byAge = (
    what: string,
    table: PgTable,
    by: string,
    only = sql`true`,
    ms = kept.history,
    cascaded = 1,
  ) => {
    const where = sql`${sql.identifier(by)} < ${before(ms)} and ${only}`;
    return { what, delete: (limit: number) => deleteOldest(table, by, where, Math.ceil(limit / cascaded)) };
  };
  return [
    byAge('command riders', tables.wantedRiders, 'finished_at', sql`outcome is not null`),
    byAge(
      'commands',
      tables.commands,
      'finished_at',
      sql`not exists (select from ${tables.wantedRiders} where command_id = old.command_id)`,
    ),
    byAge(
      'runs',
      tables.syncRuns,
      'started_at',
      sql`finished_at < ${history}
        and exists (select from ${tables.syncRuns} where kind = old.kind and started_at > old.started_at)`,
    ),
    byAge(
      'calls',
      tables.syncLogs,
      'started_at',
      // A call counts in its window for as long as a window can be.
      sql`(permit is null or started_at < ${before(maxWindowMs)})
        and not exists (select from ${tables.syncRuns} where run_id = old.run_id)
        and not exists (select from ${tables.commands} where command_id = old.command_id)`,
    ),
    byAge(
      'alerts',
      tables.alerts,
      'raised_at',
      sql`resolved_at < ${history} and coalesce(notifying_until < ${before(0)}, true)`,
    ),
    byAge('conflicts', tables.conflicts, 'at'),
    byAge('doubts', tables.doubts, 'last_at'),
    byAge('permits', tables.permits, 'received_at', undefined, permitRetention),
    byAge('stored responses', tables.idempotencyKeys, 'taken_at', undefined, kept.responses),
    byAge('signup copies', tables.signupCopies, 'copied_at', undefined, kept.copies),
    // Signups and results are deleted with their event.
    byAge('events', tables.events, 'starts_at', undefined, kept.events, 100),
    // Keeps the version that was current when the retained history starts.
    byAge(
      'rider history',
      tables.riderHistory,
      'recorded_at',
      sql`exists (select from ${tables.riderHistory} where rider_id = old.rider_id
        and recorded_at > old.recorded_at and recorded_at <= ${before(kept.riderHistory)})`,
      kept.riderHistory,
    ),
    // While the rider's own record still names the club, only this row says that the rider has left.
    byAge(
      'memberships',
      tables.clubMemberships,
      'last_seen_at',
      sql`not current
        and not exists (select from ${tables.riders} where rider_id = old.rider_id and club_id = old.club_id)`,
    ),
  ];
}

/** Any number, as long as all processes use the same. */
const retentionLock = 7_223_092;

/** Returns the number of deleted rows without cascades; undefined while another process is deleting. */
export const deleteBatch = (
  db: Database,
  { delete: statement }: ReturnType<typeof deletions>[number],
  limit: number,
): Promise<number | undefined> =>
  db.transaction(async (tx) => {
    const { rows } = await tx.execute<{ locked: boolean }>(
      sql`select pg_try_advisory_xact_lock(${retentionLock}) as locked`,
    );
    if (rows[0]?.locked !== true) return undefined;
    return (await tx.execute(statement(limit))).rowCount ?? 0;
  });

/** Real ms. */
const pauseMs = 1_800_000;
/** Rows per transaction, so that locks are held for milliseconds only. */
const batchSize = 1_000;

/** Deletes outdated rows now and then every half hour, in one process at a time. */
export function startHousekeeping(db: Database, retention: Retention, clock: Clock, log: Logger) {
  let stopped = false;
  const deleteOnce = async () => {
    try {
      const deleted = await deleteOutdated(db, retention, clock.now(), { batchSize, stopped: () => stopped });
      if (Object.keys(deleted).length > 0) log.info({ deleted }, 'deleted outdated rows');
    } catch (error) {
      log.warn({ err: error }, 'failed to delete outdated rows, retrying');
    }
  };
  const running = repeat(clock.machine, deleteOnce, () => pauseMs);
  return {
    ...running,
    stop() {
      stopped = true;
      return running.stop();
    },
  };
}

/** Deletes rows past their retention at `now` (project ms). Returns the number of deleted rows by what they are. */
export async function deleteOutdated(
  db: Database,
  retention: Retention,
  now: number,
  { batchSize: limit, stopped = () => false }: { batchSize: number; stopped?: () => boolean },
): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const deletion of deletions(retention, now)) {
    for (let more = true; more && !stopped();) {
      const rows = await deleteBatch(db, deletion, limit);
      if (rows === undefined) return deleted;
      more = rows > 0;
      if (more) deleted[deletion.what] = (deleted[deletion.what] ?? 0) + rows;
    }
  }
  return deleted;
}
