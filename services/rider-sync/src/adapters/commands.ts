import { isFinal, type Progress, type RiderCounts } from '@paceline/shared/contracts';
import { columnValues, type Database, givenRows, namesOf, prepared, tables } from '@paceline/shared/database';
import type { Transaction } from '@paceline/shared/sync';
import { and, asc, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { RiderOutcome } from '../core/bulk-call.ts';
import { idsParam } from './riders.ts';

const { commands, wantedRiders, riders } = tables;

/** A command to add a rider, or to import the riders in the table of wanted riders. */
export interface RiderCommand {
  readonly commandId: string;
  readonly riderId?: number;
  readonly requestedAt: number;
}

/** `riders`: counts of waiting, done and failed riders of an import. */
export interface CommandStatus {
  readonly progress: Progress;
  readonly riders?: RiderCounts;
}

export async function findProgress(db: Database, commandId: string): Promise<Progress | undefined> {
  const { progress } = commands;
  const [command] = await db.select({ progress }).from(commands).where(eq(commands.commandId, commandId));
  return command?.progress;
}

const progressColumns = {
  commandId: commands.commandId,
  type: commands.type,
  riderId: commands.riderId,
  progress: commands.progress,
  requestedAt: commands.requestedAt,
  publishedAt: commands.publishedAt,
  updatedAt: commands.updatedAt,
  finishedAt: commands.finishedAt,
};

/** The end of an insert of commands with their progress: it replaces that of open ones, and returns the ids of those. */
export const replacingProgress = sql`
  on conflict (command_id) do update set progress = excluded.progress, updated_at = excluded.updated_at,
    finished_at = excluded.finished_at, published_at = coalesce(${commands.publishedAt}, excluded.published_at)
  where ${commands.finishedAt} is null
  returning command_id`;

const upsertProgress = prepared<object>(
  'command-progress',
  sql`insert into ${commands} (${namesOf(progressColumns)})
    select ${namesOf(progressColumns)} from ${givenRows(progressColumns)} ${replacingProgress}`,
);

/** Stores the progress of a command, creating its row if needed. A final state never changes: returns false then. */
export async function storeProgress(
  db: Database,
  { commandId, riderId, requestedAt }: RiderCommand,
  progress: Progress,
  now: number,
): Promise<boolean> {
  const type = riderId === undefined ? 'import-riders' : 'add-rider';
  const times = { requestedAt, publishedAt: now, updatedAt: now, finishedAt: isFinal(progress) ? now : null };
  const row = { commandId, type, riderId, progress, ...times };
  return (await upsertProgress(db, columnValues(progressColumns, [row]))).length > 0;
}

type WantedRider = Pick<
  typeof wantedRiders.$inferInsert,
  'commandId' | 'riderId' | 'why' | 'freshFrom' | 'since'
>;
export type LockedRider = Awaited<ReturnType<typeof lockWanted>>[number];

/** Lists a rider for the next bulk call. Returns false if it is listed already. */
export async function addWantedRider(db: Database, wanted: WantedRider): Promise<boolean> {
  const { rowCount } = await db.insert(wantedRiders).values(wanted).onConflictDoNothing();
  return rowCount === 1;
}

/** Ends wanted riders whose stored copies are fresh enough. @param commandId only of this command */
export async function endFreshRiders(
  db: Pick<Database, 'execute'>,
  now: number,
  commandId?: string,
): Promise<void> {
  await db.execute(sql`
    with fresh as (
      select command_id, rider_id from ${wantedRiders} wanted
      where outcome is null ${ofCommand(commandId)}
        and exists (select from ${riders} where rider_id = wanted.rider_id and fetched_at >= wanted.fresh_from)
      order by command_id, rider_id for update skip locked)
    update ${wantedRiders} wanted set outcome = 'done', ended_at = ${iso(now)}
    from fresh where (wanted.command_id, wanted.rider_id) = (fresh.command_id, fresh.rider_id)`);
}

/**
 * Locks the next riders, adds first, then the oldest imports; skips riders locked by another call.
 * @param except riders on this process's calls: a restart of Postgres may have released their locks
 */
export const lockWanted = (tx: Transaction, limit: number, except: Iterable<number> = []) =>
  tx
    .select({
      commandId: wantedRiders.commandId,
      riderId: wantedRiders.riderId,
      why: wantedRiders.why,
      traceparent: commands.traceparent,
    })
    .from(wantedRiders)
    .leftJoin(commands, eq(commands.commandId, wantedRiders.commandId))
    .where(and(isNull(wantedRiders.outcome), sql`${wantedRiders.riderId} <> all(${idsParam(except)})`))
    .orderBy(asc(wantedRiders.why), asc(wantedRiders.since), asc(wantedRiders.riderId))
    .limit(limit)
    .for('update', { of: wantedRiders, skipLocked: true });

/** A CTE: `free`, the riders that wait since `sentAt` or earlier. Skips rows locked by a call. @param riderIds array or query */
export const freeRiders = (riderIds: SQL, sentAt: SQL, more = sql``): SQL => sql`
  free as (
    select command_id, rider_id from ${wantedRiders}
    where outcome is null and rider_id = any(${riderIds}) and since <= ${sentAt} ${more}
    order by command_id, rider_id for update skip locked)`;

/**
 * Stores the outcomes of riders for every command that wanted them before the call was sent. Skips rows locked by
 * another call.
 * @param commandId only for this command
 */
export async function storeOutcomes(
  tx: Pick<Transaction, 'execute'>,
  outcomes: readonly RiderOutcome[],
  sentAt: number,
  now: number,
  commandId?: string,
): Promise<void> {
  const ids = sql.param(outcomes.map(({ riderId }) => riderId));
  const ends = sql.param(outcomes.map(({ outcome }) => outcome));
  const reasons = sql.param(outcomes.map(({ reason }) => reason));
  await tx.execute(sql`
    with ${freeRiders(sql`${ids}::integer[]`, sql`${iso(sentAt)}`, ofCommand(commandId))}
    update ${wantedRiders} wanted set outcome = ended.outcome, reason = ended.reason, ended_at = ${iso(now)}
    from free, unnest(${ids}::integer[], ${ends}::text[], ${reasons}::text[]) as ended (rider_id, outcome, reason)
    where (wanted.command_id, wanted.rider_id) = (free.command_id, free.rider_id) and ended.rider_id = free.rider_id`);
}

/** Counts a lost call. Riders stay wanted, except those of imports that have lost `max` calls. */
export async function recordLostCall(
  tx: Pick<Transaction, 'execute'>,
  riderIds: readonly number[],
  reason: string,
  max: number,
  now: number,
): Promise<void> {
  const hasFailed = sql`why = 'import' and lost + 1 >= ${max}::integer`;
  await tx.execute(sql`
    update ${wantedRiders} set lost = lost + 1,
      outcome = case when ${hasFailed} then 'failed' end,
      reason = case when ${hasFailed} then ${reason} end,
      ended_at = case when ${hasFailed} then ${iso(now)}::timestamptz end
    where (command_id, rider_id) in (
      select command_id, rider_id from ${wantedRiders}
      where outcome is null and rider_id = any(${sql.param([...riderIds])}::integer[])
      order by command_id, rider_id for update skip locked)`);
}

/** Fails the waiting riders of a command. Skips rows locked by a call. */
export async function failWanted(
  db: Pick<Database, 'execute'>,
  commandId: string,
  reason: string,
  now: number,
): Promise<void> {
  await db.execute(sql`
    update ${wantedRiders} set outcome = 'failed', reason = ${reason}, ended_at = ${iso(now)}
    where (command_id, rider_id) in (
      select command_id, rider_id from ${wantedRiders}
      where outcome is null and command_id = ${commandId}
      order by rider_id for update skip locked)`);
}

/** The outcome of a rider for a command; undefined while it is waiting. */
export async function findOutcome(
  db: Database,
  commandId: string,
  riderId: number,
): Promise<RiderOutcome | undefined> {
  const isRow = and(eq(wantedRiders.commandId, commandId), eq(wantedRiders.riderId, riderId));
  const [row] = await db.select().from(wantedRiders).where(isRow);
  return row?.outcome ? { riderId, outcome: row.outcome, reason: row.reason } : undefined;
}

/** Ids of the waiting riders of a command, max `limit`. */
export async function listWaiting(db: Database, commandId: string, limit: number): Promise<number[]> {
  const rows = await db
    .select({ riderId: wantedRiders.riderId })
    .from(wantedRiders)
    .where(and(eq(wantedRiders.commandId, commandId), isNull(wantedRiders.outcome)))
    .orderBy(asc(wantedRiders.riderId))
    .limit(limit);
  return rows.map(({ riderId }) => riderId);
}

export async function countRiders(db: Database, commandId: string): Promise<RiderCounts> {
  const rows = await db
    .select({ outcome: wantedRiders.outcome, count: sql<number>`count(*)::integer` })
    .from(wantedRiders)
    .where(eq(wantedRiders.commandId, commandId))
    .groupBy(wantedRiders.outcome);
  const of = (outcome: 'done' | 'failed' | null) => rows.find((row) => row.outcome === outcome)?.count ?? 0;
  return { waiting: of(null), done: of('done'), failed: of('failed') };
}

const ofCommand = (commandId: string | undefined) =>
  commandId === undefined ? sql`` : sql`and command_id = ${commandId}`;

const iso = (ms: number) => new Date(ms).toISOString();

/** A transaction that stays open during a call; its locks are released when its process dies. */
export interface HeldTransaction<T> {
  readonly value: T;
  /** Runs the last work of the transaction and commits it. @throws also when its connection has broken */
  end(work: (tx: Transaction) => Promise<void>): Promise<void>;
}

/**
 * @param maxIdleMs real ms after which Postgres ends an idle transaction
 * @param take the first work of the transaction, which takes the locks
 */
export async function holdTransaction<T>(
  db: Database,
  maxIdleMs: number,
  take: (tx: Transaction) => Promise<T>,
): Promise<HeldTransaction<T>> {
  const taken = Promise.withResolvers<T>();
  const last = Promise.withResolvers<(tx: Transaction) => Promise<void>>();
  const ended = db.transaction(async (tx) => {
    await tx.execute(
      sql`select set_config('idle_in_transaction_session_timeout', ${String(Math.ceil(maxIdleMs))}, true)`,
    );
    taken.resolve(await take(tx));
    const finish = await last.promise;
    await finish(tx);
  });
  ended.catch(taken.reject);
  const value = await taken.promise;
  return {
    value,
    async end(work) {
      last.resolve(work);
      await ended;
    },
  };
}
