import { testPostgres } from '../../testing/index.ts';
import { type Database, openDatabase } from '../client.ts';
import { migrate } from '../migrate.ts';

/** A Postgres of a test's own, with all tables and no rows. */
export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  stop(): Promise<void>;
}

export async function testDatabase(): Promise<TestDatabase> {
  const postgres = await testPostgres();
  await migrate(postgres.url);
  const client = openDatabase(postgres.url, () => undefined);
  return {
    url: postgres.url,
    db: client.db,
    async stop() {
      await client.close();
      await postgres.stop();
    },
  };
}
