import { DrizzleQueryError, getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { type Clock, pause } from '../clock/index.ts';
import { asRows, type Database, isDatabaseUnavailable, isDatabaseUnreachable } from '../database/index.ts';
import { release } from '../messaging/index.ts';
import type { Logger } from '../telemetry/index.ts';

export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** `signal` aborts when shutdown starts. */
interface OutageWait {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Real ms. */
const pauseMs = 500;

/** Real ms after which a process that can't reach the database leaves its message to another one. */
export const patienceMs = 60_000;

/** This process could not reach the database for too long. Has no cause, as it is no reason to retry here. */
export class DatabaseUnreachable extends Error {
  constructor(error: unknown, ms: number) {
    super(`Database unreachable for ${Math.round(ms / 1_000)} s: ${plainError(error).message}`);
    this.name = 'DatabaseUnreachable';
  }
}

/** Leaves a message to another process, and takes none until the database can be reached. */
export const releaseMessage = (
  sync: OutageWait & { readonly db: Database },
  { message }: DatabaseUnreachable,
) =>
  release(
    retryDuringOutage(sync, () => sync.db.execute(sql`select 1`)).then(
      () => undefined,
      () => undefined,
    ),
    message,
  );

/**
 * Retries idempotent work while the database is unavailable, so that a Postgres restart doesn't lose a response that
 * cost an hour's only call.
 * @param giveUpAfterMs real ms that this process waits for a connection
 * @throws any other error of `work`; the database's error once shutdown starts; {DatabaseUnreachable}
 */
export async function retryDuringOutage<T>(
  { clock, log, signal }: OutageWait,
  work: () => Promise<T>,
  giveUpAfterMs = Infinity,
): Promise<T> {
  let unreachableSince: number | undefined;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseUnavailable(error)) throw error;
      const now = clock.machine.elapsed();
      unreachableSince = isDatabaseUnreachable(error) ? (unreachableSince ?? now) : undefined;
      const unreachableMs = now - (unreachableSince ?? now);
      if (unreachableMs >= giveUpAfterMs) throw new DatabaseUnreachable(error, unreachableMs);
      log.warn({ err: plainError(error) }, 'database unavailable, retrying');
      await pause(clock.machine, pauseMs, signal).catch(() => undefined);
    }
  }
}

/** The cause of a query error, without the query and its values: those can be a whole page of riders. */
export function plainError(error: unknown): Error {
  if (error instanceof DrizzleQueryError && error.cause) return error.cause;
  return error instanceof Error ? error : new Error(String(error));
}

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
