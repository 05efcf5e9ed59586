import { getTableColumns, type SQL, sql, type SQLChunk } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { rethrowExplained } from './errors.ts';

export type Database = NodePgDatabase;

export type DatabaseClient = ReturnType<typeof openDatabase>;

/** Opens a pool that survives Postgres restarts. @param onError lost connections @param maxWaitMs real ms, 0: no limit */
export function openDatabase(
  url: string,
  onError: (error: Error) => void,
  connections = 5,
  maxWaitMs = 5_000,
) {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: maxWaitMs,
    // Detects a server that vanished without closing its connections.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  const db: Database = drizzle(pool);
  // Drizzle's own method leaks the connection when a transaction fails to start, so each restart of Postgres would
  // shrink the pool.
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
    /** @throws the connection error when Postgres is unavailable */
    async ping() {
      await pool.query('select 1').catch(rethrowExplained);
    },
    close: () => pool.end(),
  };
}

/** Rows for `insert(table).select(…)`: one array parameter per column is much faster than one parameter per value. */
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
