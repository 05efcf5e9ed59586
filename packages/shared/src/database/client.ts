import { getTableColumns, sql, type SQL, type SQLChunk } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type PgColumn, PgJsonb, type PgTable } from 'drizzle-orm/pg-core';
import type { ClientBase } from 'pg';
import { type DatabaseOptions, openPool } from './pool.ts';

export type Database = NodePgDatabase & { readonly $client: Pick<ClientBase, 'query'> };

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

/** Rows for `insert(table).select(…)`: one JSON parameter is much faster than one parameter per value. */
export function asRows<Table extends PgTable>(table: Table, rows: ReadonlyArray<Table['$inferInsert']>): SQL {
  const columns: Columns = getTableColumns(table);
  const typed = Object.values(columns).map(
    (column) => sql`${sql.identifier(column.name)} ${sql.raw(column.getSQLType())}`,
  );
  const entries = Object.entries(columns);
  const given = rows.map((row: Readonly<Record<string, unknown>>) => {
    const values: Record<string, unknown> = {};
    for (const [key, column] of entries) values[column.name] = jsonOf(column, row[key]);
    return values;
  });
  return sql`select ${namesOf(columns)} from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as given (${list(typed)})`;
}

/** A value of a column inside JSON, where JSON itself is not encoded once more. */
const jsonOf = (column: PgColumn, value: unknown): unknown =>
  value === undefined || value === null || column instanceof PgJsonb ? value : column.mapToDriverValue(value);

/** Columns by the name of their values in code. */
export type Columns = Readonly<Record<string, PgColumn>>;

/** For a prepared statement: the rows of `columnValues`, whose placeholders have the names of the values. */
export const givenRows = (columns: Columns): SQL =>
  sql`unnest(${list(
    Object.entries(columns).map(
      ([name, column]) => sql`${sql.placeholder(name)}::${sql.raw(column.getSQLType())}[]`,
    ),
  )}) as given (${namesOf(columns)})`;

/** The values of each column, as the driver takes them. */
export function columnValues<Name extends string>(
  columns: Readonly<Record<Name, PgColumn>>,
  rows: ReadonlyArray<Readonly<Partial<Record<Name, unknown>>>>,
): Record<Name, unknown[]> {
  const entries = Object.entries<PgColumn>(columns).map(([name, column]) => {
    const values = rows.map((row) => {
      const value = row[name as Name];
      return value === undefined || value === null ? null : column.mapToDriverValue(value);
    });
    return [name, values] as const;
  });
  return Object.fromEntries(entries) as Record<Name, unknown[]>;
}

/** The names of columns in SQL. */
export const namesOf = (columns: Columns): SQL =>
  list(Object.values(columns).map(({ name }) => sql.identifier(name)));

const list = (parts: SQLChunk[]) => sql.join(parts, sql`, `);
