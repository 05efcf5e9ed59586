import { getTableColumns, type SQL, sql, type SQLChunk } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { rethrowExplained } from './errors.ts';

export type Database = NodePgDatabase;

export type DatabaseClient = ReturnType<typeof openDatabase>;

/** A pool that outlives restarts of Postgres. `longestWaitMs`: real, 0 waits for ever; `onError`: broken connections */
export function openDatabase(
  url: string,
  onError: (error: Error) => void,
  connections = 5,
  longestWaitMs = 5_000,
) {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: longestWaitMs,
    // Notices a server that vanished without closing its connections; a query that was not even acknowledged takes longer.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  const db: Database = drizzle(pool);
  // Drizzle's own never gives a connection back on which a transaction could not begin: the pool would run dry, one
  // restart of Postgres after the other.
  db.transaction = async (work, config) => {
    const client = await pool.connect();
    try {
      return await drizzle(client).transaction(work, config);
    } finally {
      client.release();
    }
  };
  return {
    db,
    /** @throws Postgres's reason when it does not answer */
    async ping() {
      await pool.query('select 1').catch(rethrowExplained);
    },
    close: () => pool.end(),
  };
}

/** Rows for `insert(table).select(…)`: an array for each column is much faster than a parameter for each value. */
export function asRows<Table extends PgTable>(table: Table, rows: ReadonlyArray<Table['$inferInsert']>): SQL {
  const columns = Object.entries(getTableColumns(table));
  const names = columns.map(([, column]) => sql.identifier(column.name));
  const arrays = columns.map(([key, column]) => {
    const values = rows.map((row) => {
      const value: unknown = row[key as keyof typeof row];
      return value === undefined || value === null ? null : column.mapToDriverValue(value);
    });
    return sql`${sql.param(values)}::${sql.raw(column.getSQLType())}[]`;
  });
  const list = (parts: SQLChunk[]) => sql.join(parts, sql`, `);
  return sql`select ${list(names)} from unnest(${list(arrays)}) as given (${list(names)})`;
}
