import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq } from 'drizzle-orm';
import { columnsBut, defineList, keyMoment, keyText, type PageOf, rowsOf } from '../http/params.ts';
import type { CallRow, RunRow } from './view.ts';

const { syncRuns, syncLogs } = tables;
const shown = columnsBut(syncRuns, 'checkpoint');

export const runList = defineList('runs', 'desc', { startedAt: syncRuns.startedAt, runId: syncRuns.runId }, [
  keyMoment,
  keyText,
]);

interface RunFilter {
  readonly kind?: RunRow['kind'] | undefined;
  readonly state?: RunRow['state'] | undefined;
}

export const listRuns = (
  db: Database,
  { kind, state, ...page }: RunFilter & PageOf<typeof runList>,
): Promise<RunRow[]> =>
  rowsOf(
    db.select(shown).from(syncRuns).$dynamic(),
    runList,
    page,
    and(kind && eq(syncRuns.kind, kind), state && eq(syncRuns.state, state)),
  );

export async function findRun(db: Database, runId: string): Promise<RunRow | undefined> {
  const [run] = await db.select(shown).from(syncRuns).where(eq(syncRuns.runId, runId));
  return run;
}

const callColumns = columnsBut(syncLogs, 'runId', 'commandId');

/** The calls of a run, oldest first: a thousand at most, far more than budgets allow in a slot. */
export const listCalls = (db: Database, runId: string): Promise<CallRow[]> =>
  db
    .select(callColumns)
    .from(syncLogs)
    .where(eq(syncLogs.runId, runId))
    .orderBy(asc(syncLogs.startedAt), asc(syncLogs.id))
    .limit(1_000);
