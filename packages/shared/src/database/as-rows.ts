import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/**
 * Rows for `insert(table).select(…)`, as one array for each column: with a parameter for each value a thousand riders
 * keep a process busy for long before Postgres even hears of them.
 * What is undefined becomes null, also where a column has a default.
 */
export function asRows<Table extends PgTable>(table: Table, rows: ReadonlyArray<Table['$inferInsert']>): SQL {
  const columns = Object.entries(getTableColumns(table)).map(([key, column]) => {
    const values = rows.map((row) => {
      const value: unknown = row[key as keyof typeof row];
      return value === undefined || value === null ? null : column.mapToDriverValue(value);
    });
    const name = sql.identifier(column.name);
    const type = column.getSQLType();
    // An array of JSON would take its values for arrays, too.
    return type === 'jsonb'
      ? { name, array: sql`${sql.param(values)}::text[]`, selected: sql`${name}::jsonb` }
      : { name, array: sql`${sql.param(values)}::${sql.raw(type)}[]`, selected: sql`${name}` };
  });
  const list = (of: 'name' | 'array' | 'selected') =>
    sql.join(
      columns.map((column) => sql`${column[of]}`),
      sql`, `,
    );
  return sql`select ${list('selected')} from unnest(${list('array')}) as given (${list('name')})`;
}
