import { getTableColumns, type SQL, sql, type SQLChunk } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PgTable } from 'drizzle-orm/pg-core';
import { type DatabaseOptions, openPool } from './pool.ts';

export type Database = NodePgDatabase;

export type DatabaseClient = ReturnType<typeof openDatabase>;

/** As `openPool`, with queries by the tables' definitions. @param onError lost connections */
export function openDatabase(url: string, onError: (error: Error) => void, options: DatabaseOptions = {}) {
  const { pool, withConnection, ping, close } = openPool(url, onError, options);
  const db: Database = drizzle(pool);
  // Drizzle's own method leaks the connection when a transaction fails to start, so each restart of Postgres would
  // shrink the pool.
  db.transaction = (work, config) => withConnection((client) => drizzle(client).transaction(work, config));
  return { db, ping, close };
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
