import type { RiderCounts } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq, gt, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { CommandRow } from '../core/command.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { commands, riders, wantedRiders } = tables;
const newestFirst: Order = { columns: [commands.requestedAt, commands.commandId], direction: 'desc' };

const withOutcome = (outcome: string) => sql.raw(`count(*) filter (where outcome ${outcome})`);
/** Counted only for imports: an add has one rider, and its own state says how that one stands. */
const counted = sql<RiderCounts | null>`case when ${commands.riderId} is null then (
  select json_build_object('waiting', ${withOutcome('is null')}, 'done', ${withOutcome("= 'done'")},
    'failed', ${withOutcome("= 'failed'")})
  from ${wantedRiders} where ${wantedRiders.commandId} = ${commands.commandId}) end`;

const shown = {
  commandId: commands.commandId,
  type: commands.type,
  riderId: commands.riderId,
  riders: counted,
  progress: commands.progress,
  requestedAt: commands.requestedAt,
  updatedAt: commands.updatedAt,
  finishedAt: commands.finishedAt,
  traceparent: commands.traceparent,
  riderStored: sql<boolean>`${riders.riderId} is not null`,
};

/** What is handed on to the service that carries a command out. */
export type Unpublished = Pick<
  CommandRow,
  'commandId' | 'type' | 'riderId' | 'requestedAt' | 'updatedAt' | 'traceparent'
>;

/** Up to `limit` + 1 commands, newest first. */
export const listCommands = (
  db: Database,
  { limit, after }: PageQuery<readonly [number, string]>,
): Promise<CommandRow[]> =>
  db
    .select(shown)
    .from(commands)
    .leftJoin(riders, eq(riders.riderId, commands.riderId))
    .where(behind(newestFirst, after))
    .orderBy(...ordered(newestFirst))
    .limit(limit + 1);

export async function findCommand(db: Database, commandId: string): Promise<CommandRow | undefined> {
  const [command] = await db
    .select(shown)
    .from(commands)
    .leftJoin(riders, eq(riders.riderId, commands.riderId))
    .where(eq(commands.commandId, commandId));
  return command;
}

/** A command that was handed on, and when. */
interface HandedOn {
  readonly commandId: string;
  /** The place of its message in the stream. */
  readonly sequence: number;
  readonly at: number;
}

/** In the order of their ids, so that two processes that mark the same commands do not wait for each other. */
export async function markPublished(db: Database, handedOn: readonly HandedOn[]): Promise<void> {
  const column = <T>(value: (each: HandedOn) => T) => sql.param(handedOn.map(value));
  await db.execute(sql`
    with given as (
      select commands.command_id, given.sequence, given.at
      from unnest(
        ${column(({ commandId }) => commandId)}::text[],
        ${column(({ sequence }) => sequence)}::bigint[],
        ${column(({ at }) => new Date(at).toISOString())}::timestamptz[]
      ) as given (command_id, sequence, at)
      join ${commands} using (command_id)
      order by commands.command_id
      for update of commands
    )
    update ${commands} set stream_sequence = given.sequence, published_at = given.at
    from given where ${commands}.command_id = given.command_id`);
}

const toHandOn = {
  commandId: commands.commandId,
  type: commands.type,
  riderId: commands.riderId,
  requestedAt: commands.requestedAt,
  updatedAt: commands.updatedAt,
  traceparent: commands.traceparent,
};

/** Commands from before `before` (project ms) that were not handed on, oldest first. */
export const findUnpublished = (db: Database, before: number, limit: number): Promise<Unpublished[]> =>
  db
    .select(toHandOn)
    .from(commands)
    .where(and(isNull(commands.sequence), isNull(commands.finishedAt), lt(commands.requestedAt, before)))
    .orderBy(asc(commands.requestedAt))
    .limit(limit);

/** What was handed on, and the place of its message in the stream. */
export interface Published extends Unpublished {
  readonly sequence: number;
}

/** Commands handed on before `before` (project ms) that have not ended, by their ids from behind `after`. */
export async function listOpen(
  db: Database,
  after: string,
  before: number,
  limit: number,
): Promise<Published[]> {
  const open = await db
    .select({ ...toHandOn, sequence: commands.sequence })
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

/** Whether a command still has not ended, and its message has had no other place since. */
export const isStillOpen = async (db: Database, { commandId, sequence }: Published): Promise<boolean> =>
  (await db.$count(
    commands,
    and(eq(commands.commandId, commandId), eq(commands.sequence, sequence), isNull(commands.finishedAt)),
  )) > 0;
