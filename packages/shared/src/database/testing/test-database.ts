import { takeDatabase } from '../../testing/take-database.ts';
import { type Database, openDatabase } from '../client.ts';

/** A database of a test file's own, with all tables and no rows. */
export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  stop(): Promise<void>;
}

export async function testDatabase(): Promise<TestDatabase> {
  const url = await takeDatabase();
  const { db, close } = openDatabase(url, () => undefined);
  return { url, db, stop: close };
}
