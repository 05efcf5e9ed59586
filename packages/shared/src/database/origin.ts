import type { Origin } from '../contracts/index.ts';
import type { Database } from './client.ts';
import { isUnknownTable } from './errors.ts';
import { origin } from './schema/index.ts';

/** Which upstream and clock the rows depend on; undefined: not marked, as by an earlier version. */
export async function databaseOrigin(db: Database): Promise<Origin | undefined> {
  const { upstream, clock } = origin;
  try {
    const [marked] = await db.select({ upstream, clock }).from(origin);
    return marked;
  } catch (error) {
    if (isUnknownTable(error)) return undefined;
    throw error;
  }
}

/** Marks the rows as depending on this upstream and clock, unless they are marked already. */
export async function markDatabase(db: Database, own: Origin): Promise<void> {
  await db.insert(origin).values(own).onConflictDoNothing();
}
