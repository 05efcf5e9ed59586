import { type Database, tables } from '@paceline/shared/database';
import { type SQL, sql } from 'drizzle-orm';
import type { Clock } from '@paceline/shared/clock';
import type { Logger } from '@paceline/shared/telemetry';
import { type Rounds, rounds } from './rounds.ts';

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
  /** When signups were copied. */
  readonly copies: number;
  /** What riders were before they changed. */
  readonly riderHistory: number;
  /** Answers to requests with an idempotency key. */
  readonly answers: number;
}

/** What can be forgotten of one table. */
export interface Forgettable {
  readonly what: string;
  /** Deletes the oldest, so many at the most; rows that somebody holds are passed over. */
  forget(most: number): SQL;
}

const day = 86_400_000;
/** A day of permits is shown. */
const permitsKept = 2 * day;
/** Signups and results go with their event: a hundred rows each. */
const rowsOfEvent = 100;

/**
 * What is old at `now` (project ms), in the order in which it is to be forgotten. Never what is still in hand: runs that
 * have not ended, and the last of each kind, whose checkpoint the next one takes over; commands that have not ended, or
 * of which a rider is still wanted; calls whose run or command is kept; open alerts.
 */
export function forgettable(kept: Retention, now: number): Forgettable[] {
  const before = (ms: number): SQL => sql`${new Date(now - ms).toISOString()}::timestamptz`;
  const history = before(kept.history);
  const riderHistoryFrom = before(kept.riderHistory);
  return [
    {
      what: 'riders of commands',
      forget: (most) => sql`
        delete from ${wantedRiders} where ctid = any(array(
          select old.ctid from ${wantedRiders} old join ${commands} using (command_id)
          where finished_at < ${history} and outcome is not null
          order by finished_at limit ${most} for update of old skip locked))`,
    },
    {
      what: 'commands',
      forget: (most) => sql`
        delete from ${commands} where ctid = any(array(
          select ctid from ${commands} old
          where finished_at < ${history}
            and not exists (select from ${wantedRiders} where command_id = old.command_id)
          order by finished_at limit ${most} for update skip locked))`,
    },
    {
      what: 'runs',
      forget: (most) => sql`
        delete from ${syncRuns} where ctid = any(array(
          select ctid from ${syncRuns} old
          where started_at < ${history} and finished_at < ${history}
            and exists (select from ${syncRuns} where kind = old.kind and started_at > old.started_at)
          order by started_at limit ${most} for update skip locked))`,
    },
    {
      what: 'calls',
      forget: (most) => sql`
        delete from ${syncLogs} where ctid = any(array(
          select ctid from ${syncLogs} old
          where started_at < ${history}
            and not exists (select from ${syncRuns} where run_id = old.run_id)
            and not exists (select from ${commands} where command_id = old.command_id)
          order by started_at limit ${most} for update skip locked))`,
    },
    {
      what: 'alerts',
      forget: (most) => sql`
        delete from ${alerts} where ctid = any(array(
          select ctid from ${alerts}
          where raised_at < ${history} and resolved_at < ${history}
            and coalesce(telling_until < ${before(0)}, true)
          order by raised_at limit ${most} for update skip locked))`,
    },
    { what: 'conflicts', forget: (most) => oldest(conflicts, sql`at`, history, most) },
    { what: 'permits', forget: (most) => oldest(permits, sql`heard_at`, before(permitsKept), most) },
    {
      what: 'answers',
      forget: (most) => oldest(idempotencyKeys, sql`taken_at`, before(kept.answers), most),
    },
    {
      what: 'copies of signups',
      forget: (most) => oldest(signupCopies, sql`copied_at`, before(kept.copies), most),
    },
    {
      what: 'events',
      forget: (most) => oldest(events, sql`starts_at`, before(kept.events), Math.ceil(most / rowsOfEvent)),
    },
    {
      what: 'history of riders',
      // What a rider was at the moment from which on history is kept stays.
      forget: (most) => sql`
        delete from ${riderHistory} where ctid = any(array(
          select ctid from ${riderHistory} old
          where recorded_at < ${riderHistoryFrom} and exists (
            select from ${riderHistory}
            where rider_id = old.rider_id and recorded_at > old.recorded_at and recorded_at <= ${riderHistoryFrom})
          order by recorded_at limit ${most} for update skip locked))`,
    },
    {
      what: 'memberships',
      // While the rider's own record still names the club, this row alone tells that the rider has left.
      forget: (most) => sql`
        delete from ${clubMemberships} where ctid = any(array(
          select ctid from ${clubMemberships} old
          where not current and last_seen_at < ${history}
            and not exists (select from ${riders} where rider_id = old.rider_id and club_id = old.club_id)
          limit ${most} for update skip locked))`,
    },
  ];
}

type Table = typeof conflicts | typeof permits | typeof idempotencyKeys | typeof signupCopies | typeof events;

const oldest = (table: Table, moment: SQL, before: SQL, most: number): SQL => sql`
  delete from ${table} where ctid = any(array(
    select ctid from ${table} where ${moment} < ${before}
    order by ${moment} limit ${most} for update skip locked))`;

/** Any constant will do; it only has to be the same for everybody who forgets. */
const forgettingLock = 7_223_092;

/**
 * Forgets one batch, unless another process is about it.
 * @returns how many rows went, those that go with them not counted; undefined: another process is about it
 */
export const forgetBatch = (
  db: Database,
  { forget }: Forgettable,
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
/** Rows in one transaction: whoever waits for one of their locks waits for milliseconds. */
const atOnce = 1_000;

/**
 * Forgets what is older than it is kept, at once and then every minute, in small batches. Of several processes one does
 * so at a time.
 */
export function startHousekeeping(db: Database, retention: Retention, clock: Clock, log: Logger): Rounds {
  let stopped = false;
  const round = async () => {
    try {
      const forgotten = await forgetOld(db, retention, clock.now(), { atOnce, stopped: () => stopped });
      if (Object.keys(forgotten).length > 0) log.info({ forgotten }, 'forgot what is old');
    } catch (error) {
      log.warn({ err: error }, 'what is old could not be forgotten');
    }
  };
  const running = rounds(clock.machine, round, pauseMs);
  return {
    stop() {
      stopped = true;
      return running.stop();
    },
  };
}

/**
 * Forgets all that is older at `now` (project ms) than it is kept, `atOnce` rows in a transaction.
 * @returns how many rows of what are gone, where there were any
 */
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
