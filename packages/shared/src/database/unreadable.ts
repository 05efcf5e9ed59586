import { and, asc, isNotNull, sql } from 'drizzle-orm';
import type { Unreadable, UnreadableItem } from '../contracts/index.ts';
import type { Database } from './client.ts';
import * as tables from './schema/index.ts';

const { syncLogs } = tables;

/** How many ids a summary names; the calls of the run have all. */
const maxIds = 20;

/** Counts unreadable items: one that several responses had counts once. */
export function summaryOf(items: readonly UnreadableItem[]): Unreadable {
  const ids = [...new Set(items.flatMap(({ id }) => id ?? []))];
  const anonymous = items.filter(({ id }) => id === null).length;
  return { count: ids.length + anonymous, ids: ids.slice(0, maxIds) };
}

/** The unreadable items in the responses to each of these runs; runs without any are missing. */
export async function findUnreadable(
  db: Pick<Database, 'select'>,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Unreadable>> {
  const { runId, unreadable, id } = syncLogs;
  const rows = await db
    .select({ runId, unreadable })
    .from(syncLogs)
    .where(and(sql`${runId} = any(${sql.param(runIds)}::text[])`, isNotNull(unreadable)))
    .orderBy(asc(id));
  const byRun = Map.groupBy(rows, (row) => row.runId ?? '');
  return new Map(
    [...byRun].map(([run, calls]) => [run, summaryOf(calls.flatMap((call) => call.unreadable ?? []))]),
  );
}
