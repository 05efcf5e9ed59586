import { getTableColumns, type SQL, type SQLChunk, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/**
 * Rows for `insert(table).select(…)`, as one array for each column: with a parameter for each value a thousand riders
 * keep a process busy for long before Postgres even hears of them.
 * What is undefined becomes null, also where a column has a default.
 */
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
