import { type Database, tables } from '@paceline/shared/database';
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Clock } from '@paceline/shared/clock';
import type { Logger } from '@paceline/shared/telemetry';
import { rounds } from './rounds.ts';

const {
  alerts,
  clubMemberships,
  commands,
  conflicts,
  events,
  idempotencyKeys,
  permits,
  riderHistory,
  riders,
  signupCopies,
  syncLogs,
  syncRuns,
  wantedRiders,
} = tables;

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

interface OldRows {
  readonly what: string;
  readonly table: PgTable;
  readonly where: SQL;
  /** The column that says which are the oldest. */
  readonly by?: string;
  readonly join?: SQL;
  /** How many go with each, on average. */
  readonly rowsWithEach?: number;
}

const day = 86_400_000;
/** A day of permits is shown. */
const permitsKept = 2 * day;

/** What is old at `now` (project ms), in deletion order; nothing open, and no kind's last run. */
export function forgettable(kept: Retention, now: number) {
  const before = (ms: number): SQL => sql`${new Date(now - ms).toISOString()}::timestamptz`;
  const byAge = (what: string, table: PgTable, by: string, ms: number): OldRows => ({
    what,
    table,
    by,
    where: sql`${sql.identifier(by)} < ${before(ms)}`,
  });
  return [
    ...endedRows(before(kept.history)),
    {
      what: 'alerts',
      table: alerts,
      by: 'raised_at',
      where: sql`raised_at < ${before(kept.history)} and resolved_at < ${before(kept.history)}
        and coalesce(telling_until < ${before(0)}, true)`,
    },
    byAge('conflicts', conflicts, 'at', kept.history),
    byAge('permits', permits, 'heard_at', permitsKept),
    byAge('answers', idempotencyKeys, 'taken_at', kept.answers),
    byAge('copies of signups', signupCopies, 'copied_at', kept.copies),
    // Signups and results go with their event.
    { ...byAge('events', events, 'starts_at', kept.events), rowsWithEach: 100 },
    {
      what: 'history of riders',
      table: riderHistory,
      by: 'recorded_at',
      // What a rider was at the moment from which on history is kept stays.
      where: sql`recorded_at < ${before(kept.riderHistory)} and exists (
        select from ${riderHistory} where rider_id = old.rider_id
          and recorded_at > old.recorded_at and recorded_at <= ${before(kept.riderHistory)})`,
    },
    {
      what: 'memberships',
      table: clubMemberships,
      // While the rider's own record still names the club, this row alone tells that the rider has left.
      where: sql`not current and last_seen_at < ${before(kept.history)}
        and not exists (select from ${riders} where rider_id = old.rider_id and club_id = old.club_id)`,
    },
  ].map((rows) => ({ what: rows.what, forget: (most: number) => deleteOldest(rows, most) }));
}

const endedRows = (history: SQL): OldRows[] => [
  {
    what: 'riders of commands',
    table: wantedRiders,
    join: sql`join ${commands} using (command_id)`,
    by: 'finished_at',
    where: sql`finished_at < ${history} and outcome is not null`,
  },
  {
    what: 'commands',
    table: commands,
    by: 'finished_at',
    where: sql`finished_at < ${history}
      and not exists (select from ${wantedRiders} where command_id = old.command_id)`,
  },
  {
    what: 'runs',
    table: syncRuns,
    by: 'started_at',
    where: sql`started_at < ${history} and finished_at < ${history}
      and exists (select from ${syncRuns} where kind = old.kind and started_at > old.started_at)`,
  },
  {
    what: 'calls',
    table: syncLogs,
    by: 'started_at',
    where: sql`started_at < ${history}
      and not exists (select from ${syncRuns} where run_id = old.run_id)
      and not exists (select from ${commands} where command_id = old.command_id)`,
  },
];

const deleteOldest = ({ table, join, where, by, rowsWithEach = 1 }: OldRows, most: number): SQL => sql`
  delete from ${table} where ctid = any(array(
    select old.ctid from ${table} old ${join} where ${where}
    ${by === undefined ? undefined : sql`order by ${sql.identifier(by)}`}
    limit ${Math.ceil(most / rowsWithEach)} for update of old skip locked))`;

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
