import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq, isNull, lt, sql } from 'drizzle-orm';
import type { CommandRow } from '../core/command.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { commands, riders } = tables;
const newestFirst: Order = { columns: [commands.requestedAt, commands.commandId], direction: 'desc' };

const shown = {
  commandId: commands.commandId,
  type: commands.type,
  riderId: commands.riderId,
  progress: commands.progress,
  requestedAt: commands.requestedAt,
  updatedAt: commands.updatedAt,
  finishedAt: commands.finishedAt,
  riderStored: sql<boolean>`${riders.riderId} is not null`,
};

/** What is handed on to the service that carries a command out. */
export type Unpublished = Pick<CommandRow, 'commandId' | 'riderId' | 'requestedAt'>;

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

/** Keeps a new command, still to be handed on, and says whether its rider is stored already. */
export async function insertCommand(
  db: Database,
  command: Omit<CommandRow, 'riderStored'>,
): Promise<boolean> {
  await db.insert(commands).values(command);
  const [rider] = await db
    .select({ riderId: riders.riderId })
    .from(riders)
    .where(eq(riders.riderId, command.riderId));
  return rider !== undefined;
}

/** Takes back a command that nobody was promised. */
export async function withdrawCommand(db: Database, commandId: string): Promise<void> {
  await db.delete(commands).where(and(eq(commands.commandId, commandId), isNull(commands.publishedAt)));
}

export async function markPublished(db: Database, commandId: string, at: number): Promise<void> {
  await db.update(commands).set({ publishedAt: at }).where(eq(commands.commandId, commandId));
}

/** Commands from before `before` (project ms) that were not handed on, oldest first. */
export const findUnpublished = (db: Database, before: number, limit: number): Promise<Unpublished[]> =>
  db
    .select({ commandId: commands.commandId, riderId: commands.riderId, requestedAt: commands.requestedAt })
    .from(commands)
    .where(and(isNull(commands.publishedAt), isNull(commands.finishedAt), lt(commands.requestedAt, before)))
    .orderBy(asc(commands.requestedAt))
    .limit(limit);
