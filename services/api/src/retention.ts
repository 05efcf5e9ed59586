import { type Database, tables } from '@paceline/shared/database';
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Clock } from '@paceline/shared/clock';
import type { Logger } from '@paceline/shared/telemetry';
import { rounds } from './rounds.ts';

/** How long each is kept, project ms. */
export interface Retention {
  /** What ran and what was asked for, from when it has ended. */
  readonly history: number;
  /** Events with their signups and results, from their start. */
  readonly events: number;
  readonly copies: number;
  /** What riders were before they changed. */
  readonly riderHistory: number;
  /** Answers to requests with an idempotency key. */
  readonly answers: number;
}

const day = 86_400_000;
const permitsKept = 2 * day;

/** Deletes at most `most` of the oldest rows (`old`) for which `where` holds; skips locked ones. */
const deleteOldest = (table: PgTable, by: string, where: SQL, most: number): SQL => sql`
  delete from ${table} where ctid = any(array(
    select old.ctid from ${table} old
    ${table === tables.wantedRiders ? sql`join ${tables.commands} using (command_id)` : undefined}
    where ${where} order by ${sql.identifier(by)} limit ${most} for update of old skip locked))`;

/** What is old at `now` (project ms), in deletion order; nothing open. Long: an entry for each table. */
export function forgettable(kept: Retention, now: number) {
  const before = (ms: number): SQL => sql`${new Date(now - ms).toISOString()}::timestamptz`;
  const history = before(kept.history);
  /** @param only which of the rows whose column `by` is old enough @param withEach rows that go with each */
  const byAge = (
    what: string,
    table: PgTable,
    by: string,
    only = sql`true`,
    ms = kept.history,
    withEach = 1,
  ) => {
    const where = sql`${sql.identifier(by)} < ${before(ms)} and ${only}`;
    return { what, forget: (most: number) => deleteOldest(table, by, where, Math.ceil(most / withEach)) };
  };
  return [
    byAge('riders of commands', tables.wantedRiders, 'finished_at', sql`outcome is not null`),
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
      sql`not exists (select from ${tables.syncRuns} where run_id = old.run_id)
        and not exists (select from ${tables.commands} where command_id = old.command_id)`,
    ),
    byAge(
      'alerts',
      tables.alerts,
      'raised_at',
      sql`resolved_at < ${history} and coalesce(notifying_until < ${before(0)}, true)`,
    ),
    byAge('conflicts', tables.conflicts, 'at'),
    byAge('permits', tables.permits, 'received_at', undefined, permitsKept),
    byAge('answers', tables.idempotencyKeys, 'taken_at', undefined, kept.answers),
    byAge('copies of signups', tables.signupCopies, 'copied_at', undefined, kept.copies),
    // Signups and results go with their event.
    byAge('events', tables.events, 'starts_at', undefined, kept.events, 100),
    // What a rider was at the moment from which on history is kept stays.
    byAge(
      'history of riders',
      tables.riderHistory,
      'recorded_at',
      sql`exists (select from ${tables.riderHistory} where rider_id = old.rider_id
        and recorded_at > old.recorded_at and recorded_at <= ${before(kept.riderHistory)})`,
      kept.riderHistory,
    ),
    // While the rider's own record still names the club, this row alone tells that the rider has left.
    byAge(
      'memberships',
      tables.clubMemberships,
      'last_seen_at',
      sql`not current
        and not exists (select from ${tables.riders} where rider_id = old.rider_id and club_id = old.club_id)`,
    ),
  ];
}

/** Any constant will do; it only has to be the same in every process. */
const forgettingLock = 7_223_092;

/** @returns how many rows were deleted, cascades not counted; undefined: another process does it */
export const forgetBatch = (
  db: Database,
  { forget }: ReturnType<typeof forgettable>[number],
  most: number,
): Promise<number | undefined> =>
  db.transaction(async (tx) => {
    const { rows } = await tx.execute<{ mine: boolean }>(
      sql`select pg_try_advisory_xact_lock(${forgettingLock}) as mine`,
    );
    if (rows[0]?.mine !== true) return undefined;
    return (await tx.execute(forget(most))).rowCount ?? 0;
  });

/** Real ms. */
const pauseMs = 60_000;
/** Rows in one transaction: their locks are held for milliseconds. */
const atOnce = 1_000;

/** Deletes what is past its retention, at once and then every minute; one process at a time. */
export function startHousekeeping(db: Database, retention: Retention, clock: Clock, log: Logger) {
  let stopped = false;
  const round = async () => {
    try {
      const forgotten = await forgetOld(db, retention, clock.now(), { atOnce, stopped: () => stopped });
      if (Object.keys(forgotten).length > 0) log.info({ forgotten }, 'forgot what is old');
    } catch (error) {
      log.warn({ err: error }, 'what is old could not be forgotten');
    }
  };
  const running = rounds(clock.machine, round, () => pauseMs);
  return {
    ...running,
    stop() {
      stopped = true;
      return running.stop();
    },
  };
}

/** Deletes what is past its retention at `now` (project ms). @returns deleted rows by table */
export async function forgetOld(
  db: Database,
  retention: Retention,
  now: number,
  { atOnce: most, stopped = () => false }: { atOnce: number; stopped?: () => boolean },
): Promise<Record<string, number>> {
  const forgotten: Record<string, number> = {};
  for (const each of forgettable(retention, now)) {
    for (let more = true; more && !stopped();) {
      const rows = await forgetBatch(db, each, most);
      if (rows === undefined) return forgotten;
      more = rows > 0;
      if (more) forgotten[each.what] = (forgotten[each.what] ?? 0) + rows;
    }
  }
  return forgotten;
}
