import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import {
  asRows,
  type Database,
  type DatabaseOutage,
  type OutageWait,
  retryDuringOutage,
} from '../database/index.ts';
import { assertWritable, readOnlyState } from '../database/pool.ts';
import { release } from '../messaging/index.ts';

export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** Leaves a message to another process, and takes none until the database can be written to. */
export const releaseMessage = (sync: OutageWait & { readonly db: Database }, { message }: DatabaseOutage) =>
  release(
    retryDuringOutage(sync, async () => {
      assertWritable((await sync.db.execute<{ state: string }>(sql.raw(readOnlyState))).rows);
    }).then(
      () => undefined,
      () => undefined,
    ),
    message,
  );

type ColumnName<Table extends PgTable> = keyof Table['_']['columns'] & string;

/** Inserts rows; an existing row takes the new values but keeps `firstSeenAt`. */
export async function upsert<Table extends PgTable>(
  tx: Transaction,
  table: Table,
  key: ReadonlyArray<ColumnName<Table>>,
  rows: ReadonlyArray<Table['$inferInsert']>,
): Promise<void> {
  if (rows.length === 0) return;
  const columns = getTableColumns(table);
  await tx
    .insert<PgTable>(table)
    .select(asRows(table, rows))
    .onConflictDoUpdate({
      target: key.map((name) => columns[name] as PgColumn),
      set: fromInserted(table, [...key, 'firstSeenAt']),
    });
}

/** For an upsert: sets every column to the inserted value, except the kept ones. */
export function fromInserted<Table extends PgTable>(
  table: Table,
  kept: ReadonlyArray<ColumnName<Table>>,
): Record<string, SQL> {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => !kept.includes(name));
  return Object.fromEntries(
    columns.map(([name, column]) => [name, sql`excluded.${sql.identifier(column.name)}`]),
  );
}
