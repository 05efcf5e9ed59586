import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { explained } from './refused.ts';
import * as schema from './schema/index.ts';

export type Database = NodePgDatabase<typeof schema>;

export interface DatabaseClient {
  readonly db: Database;
  /** Resolves when Postgres answers, rejects with its reason otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A pool of connections. It outlives restarts of Postgres: a broken connection is dropped and the next query opens
 * a new one.
 * @param onError hears of connections that broke, idle or in a transaction: an error that nobody hears ends the process
 */
export function openDatabase(url: string, onError: (error: Error) => void, connections = 5): DatabaseClient {
  const pool = new pg.Pool({ connectionString: url, max: connections, connectionTimeoutMillis: 5_000 });
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  return {
    db: drizzle(pool, { schema }),
    async ping() {
      await pool.query('select 1').catch(explained);
    },
    close: () => pool.end(),
  };
}
