import { isFinal, type Progress, type RiderCounts } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { CommandCancelled } from '../core/cancelled.ts';

const { commands } = tables;

/** A command that is carried out here: a rider to add, or an import of riders that are in the table of wanted ones. */
export interface Command {
  readonly commandId: string;
  readonly riderId?: number;
  readonly requestedAt: number;
}

/** How a command stands; with an import also how many of its riders wait, are done and have failed. */
export interface News {
  readonly progress: Progress;
  readonly riders?: RiderCounts;
}

export async function findProgress(db: Database, commandId: string): Promise<Progress | undefined> {
  const [command] = await db
    .select({ progress: commands.progress })
    .from(commands)
    .where(eq(commands.commandId, commandId));
  return command?.progress;
}

/** Stores how a command stands, also one whose row is not there; a final state is never changed again. */
export async function storeProgress(
  db: Pick<Database, 'insert'>,
  { commandId, riderId, requestedAt }: Command,
  progress: Progress,
  now: number,
): Promise<void> {
  const state = { progress, updatedAt: now, finishedAt: isFinal(progress) ? now : null };
  const type = riderId === undefined ? 'import-riders' : 'add-rider';
  await db
    .insert(commands)
    .values({ commandId, type, riderId, requestedAt, publishedAt: now, ...state })
    .onConflictDoUpdate({
      target: commands.commandId,
      set: { ...state, publishedAt: sql`coalesce(${commands.publishedAt}, excluded.published_at)` },
      setWhere: isNull(commands.finishedAt),
    });
}

/**
 * Marks that the call for a command begins, by which it can't be cancelled any more.
 * @throws {CommandCancelled} when that has happened before
 */
export async function beginCall(db: Database, commandId: string, now: number): Promise<void> {
  const running: Progress = { state: 'running', via: 'single' };
  await db
    .update(commands)
    .set({ progress: running, updatedAt: now })
    .where(and(eq(commands.commandId, commandId), isNull(commands.finishedAt)));
  const known = await findProgress(db, commandId);
  if (known && isFinal(known)) throw new CommandCancelled(`the command ${commandId} was cancelled`);
}
