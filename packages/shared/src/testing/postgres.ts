import { join } from 'node:path';
import { copyTemplate, type PostgresOptions, removeAll, scratchDir, startPostgres } from '@paceline/embedded';
import { type TestServer, testServer } from './test-server.ts';

export interface TestPostgres extends TestServer {
  /** The URL of an empty database, with user and password. */
  readonly url: string;
  /** Makes one more database unless it is there, and returns its URL. */
  createDatabase(name: string): Promise<string>;
}

/** A real Postgres with an empty database for one test file; fast rather than safe at a power cut. */
export async function testPostgres(options: Pick<PostgresOptions, 'tls'> = {}): Promise<TestPostgres> {
  const dir = await scratchDir('postgres');
  await copyTemplate(dir);
  const cluster = { ...options, dataDir: join(dir, 'data'), durable: false };
  const postgres = await startPostgres(cluster);
  const { port, createDatabase } = postgres;
  const again = () => startPostgres({ ...cluster, port });
  return { ...testServer(postgres, again, () => removeAll(dir)), url: postgres.url(), createDatabase };
}
