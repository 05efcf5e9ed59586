import { DrizzleQueryError, getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { type Clock, pause } from '../clock/index.ts';
import { asRows, type Database, isDatabaseUnavailable } from '../database/index.ts';
import type { Logger } from '../telemetry/index.ts';

export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** What a wait for the database needs; `signal` aborts when shutdown begins. */
interface OutageWait {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Ms of the machine. */
const pauseMs = 500;

/**
 * Repeats idempotent work for as long as the database is away: an answer that cost an hour's only call is not thrown
 * away because Postgres restarts.
 * @throws whatever else `work` throws; the database's error when shutdown begins first
 */
export async function throughOutages<T>(
  { clock, log, signal }: OutageWait,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseUnavailable(error)) throw error;
      log.warn({ err: plainError(error) }, 'the database is away, trying again');
      await pause(clock.machine, pauseMs, signal).catch(() => undefined);
    }
  }
}

/** What went wrong, without the query and all of its values: a page of riders belongs in no log and no message. */
export function plainError(error: unknown): Error {
  if (error instanceof DrizzleQueryError && error.cause) return error.cause;
  return error instanceof Error ? error : new Error(String(error));
}

type ColumnName<Table extends PgTable> = keyof Table['_']['columns'] & string;

/** Inserts rows; one whose key is there takes their values, but keeps when it was first seen. */
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

/** For an upsert: every column takes the value of the row that was to be inserted, except those that are kept. */
export function fromInserted<Table extends PgTable>(
  table: Table,
  kept: ReadonlyArray<ColumnName<Table>>,
): Record<string, SQL> {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => !kept.includes(name));
  return Object.fromEntries(
    columns.map(([name, column]) => [name, sql`excluded.${sql.identifier(column.name)}`]),
  );
}
