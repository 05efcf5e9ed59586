import type { RiderCounts } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, not, type SQL, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { CommandRow, CommandState } from './view.ts';

const { commands, riders, wantedRiders } = tables;

const withOutcome = (outcome: string) => sql.raw(`count(*) filter (where outcome ${outcome})`);
/** Only for imports: an add has a single rider, whose state is that of the command. */
const riderCounts = sql<RiderCounts | null>`case when ${commands.riderId} is null then (
  select json_build_object('waiting', ${withOutcome('is null')}, 'done', ${withOutcome("= 'done'")},
    'failed', ${withOutcome("= 'failed'")})
  from ${wantedRiders} where ${wantedRiders.commandId} = ${commands.commandId}) end`;

const shownColumns = {
  commandId: commands.commandId,
  type: commands.type,
  riderId: commands.riderId,
  riders: riderCounts,
  progress: commands.progress,
  requestedAt: commands.requestedAt,
  updatedAt: commands.updatedAt,
  finishedAt: commands.finishedAt,
  traceparent: commands.traceparent,
  riderStored: sql<boolean>`${riders.riderId} is not null`,
};

/** As the function of the contracts, in a query. */
export const isCancelled = sql`(${commands.progress} ->> 'cancelled')::boolean is true`;

export const selectCommands = (db: Database) =>
  db.select(shownColumns).from(commands).leftJoin(riders, eq(riders.riderId, commands.riderId)).$dynamic();

export async function findCommand(db: Database, commandId: string): Promise<CommandRow | undefined> {
  const [command] = await selectCommands(db).where(eq(commands.commandId, commandId));
  return command;
}

const none = sql`false`;

/** @param obstacle as for `commandView`: while there is one, every open command waits for it */
export function isInState(state: CommandState, obstacle: string | undefined): SQL | undefined {
  const isStored = eq(sql`${commands.progress} ->> 'state'`, state);
  switch (state) {
    case 'cancelled':
      return isCancelled;
    case 'failed':
      return and(isStored, not(isCancelled));
    case 'done':
    case 'expired':
      return isStored;
    case 'waiting_for_service':
      return obstacle === undefined ? none : isNull(commands.finishedAt);
    default:
      return obstacle === undefined ? isStored : none;
  }
}

/** The adds of a rider, and the imports with it. A union of ids, as `or` would read every stored command. */
export const isForRider = (db: Database, riderId: number): SQL =>
  inArray(
    commands.commandId,
    unionAll(
      db.select({ id: commands.commandId }).from(commands).where(eq(commands.riderId, riderId)),
      db.select({ id: wantedRiders.commandId }).from(wantedRiders).where(eq(wantedRiders.riderId, riderId)),
    ),
  );

export interface Publication {
  readonly commandId: string;
  readonly sequence: number;
  readonly at: number;
}

/** Marks those that are open. Locks the rows in the order of their ids, so that two processes don't deadlock. */
export async function markPublished(db: Database, publications: readonly Publication[]): Promise<void> {
  const column = <T>(value: (each: Publication) => T) => sql.param(publications.map(value));
  await db.execute(sql`
    with given as (
      select commands.command_id, given.sequence, given.at
      from unnest(
        ${column(({ commandId }) => commandId)}::text[],
        ${column(({ sequence }) => sequence)}::bigint[],
        ${column(({ at }) => new Date(at).toISOString())}::timestamptz[]
      ) as given (command_id, sequence, at)
      join ${commands} using (command_id)
      where commands.finished_at is null
      order by commands.command_id
      for update of commands
    )
    update ${commands} set stream_sequence = given.sequence, published_at = given.at
    from given where ${commands}.command_id = given.command_id`);
}

const publishable = {
  commandId: commands.commandId,
  type: commands.type,
  riderId: commands.riderId,
  requestedAt: commands.requestedAt,
  updatedAt: commands.updatedAt,
  traceparent: commands.traceparent,
};

/** Unpublished commands that were requested before `before` (project ms), oldest first. */
export const findUnpublished = (db: Database, before: number, limit: number) =>
  db
    .select(publishable)
    .from(commands)
    .where(and(isNull(commands.sequence), isNull(commands.finishedAt), lt(commands.requestedAt, before)))
    .orderBy(asc(commands.requestedAt))
    .limit(limit);

export type Publishable = Awaited<ReturnType<typeof findUnpublished>>[number];

export interface Published extends Publishable {
  readonly sequence: number;
}

/** Open commands that were published before `before` (project ms), ordered by id, from the first after `after`. */
export async function listOpen(
  db: Database,
  after: string,
  before: number,
  limit: number,
): Promise<Published[]> {
  const open = await db
    .select({ ...publishable, sequence: commands.sequence })
    .from(commands)
    .where(
      and(
        isNull(commands.finishedAt),
        isNotNull(commands.sequence),
        lt(commands.publishedAt, before),
        gt(commands.commandId, after),
      ),
    )
    .orderBy(asc(commands.commandId))
    .limit(limit);
  return open.map((each) => ({ ...each, sequence: each.sequence ?? 0 }));
}

export const isStillOpen = async (db: Database, { commandId, sequence }: Published): Promise<boolean> =>
  (await db.$count(
    commands,
    and(eq(commands.commandId, commandId), eq(commands.sequence, sequence), isNull(commands.finishedAt)),
  )) > 0;
