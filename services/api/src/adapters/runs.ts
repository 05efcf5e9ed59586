import type { SyncKind } from '@paceline/shared/definition';
import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq, getTableColumns } from 'drizzle-orm';
import type { CallRow, RunRow } from '../core/run.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { syncRuns, syncLogs } = tables;
const { checkpoint: _, ...shown } = getTableColumns(syncRuns);
const newestFirst: Order = { columns: [syncRuns.startedAt, syncRuns.runId], direction: 'desc' };

export interface RunFilter {
  readonly kind?: SyncKind | undefined;
  readonly state?: RunRow['state'] | undefined;
}

/** Up to `limit` + 1 runs, newest first. */
export const listRuns = (
  db: Database,
  { kind, state }: RunFilter,
  { limit, after }: PageQuery<readonly [number, string]>,
): Promise<RunRow[]> =>
  db
    .select(shown)
    .from(syncRuns)
    .where(
      and(behind(newestFirst, after), kind && eq(syncRuns.kind, kind), state && eq(syncRuns.state, state)),
    )
    .orderBy(...ordered(newestFirst))
    .limit(limit + 1);

export async function findRun(db: Database, runId: string): Promise<RunRow | undefined> {
  const [run] = await db.select(shown).from(syncRuns).where(eq(syncRuns.runId, runId));
  return run;
}

/** The calls that a run has made; its budgets allow far fewer in a slot than are fetched here at the most. */
export const listCalls = (db: Database, runId: string): Promise<CallRow[]> =>
  db
    .select({
      id: syncLogs.id,
      endpoint: syncLogs.endpoint,
      target: syncLogs.target,
      because: syncLogs.because,
      status: syncLogs.status,
      message: syncLogs.message,
      startedAt: syncLogs.startedAt,
      durationMs: syncLogs.durationMs,
      rawStart: syncLogs.rawStart,
    })
    .from(syncLogs)
    .where(eq(syncLogs.runId, runId))
    .orderBy(asc(syncLogs.startedAt), asc(syncLogs.id))
    .limit(1_000);
