import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/** For an upsert: every column takes the value of the row that was to be inserted, except those that are kept. */
export function fromInserted<Table extends PgTable>(
  table: Table,
  kept: ReadonlyArray<keyof Table['_']['columns'] & string>,
): Record<string, SQL> {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => !kept.includes(name));
  return Object.fromEntries(
    columns.map(([name, column]) => [name, sql`excluded.${sql.identifier(column.name)}`]),
  );
}
