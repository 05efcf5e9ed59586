import { type AddRider, isFinal, type Progress } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { eq, isNull, sql } from 'drizzle-orm';

const { commands } = tables;

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
  { commandId, riderId, requestedAt }: AddRider,
  progress: Progress,
  now: number,
): Promise<void> {
  const state = { progress, updatedAt: now, finishedAt: isFinal(progress) ? now : null };
  await db
    .insert(commands)
    .values({ commandId, type: 'add-rider', riderId, requestedAt, publishedAt: now, ...state })
    .onConflictDoUpdate({
      target: commands.commandId,
      set: { ...state, publishedAt: sql`coalesce(${commands.publishedAt}, excluded.published_at)` },
      setWhere: isNull(commands.finishedAt),
    });
}
