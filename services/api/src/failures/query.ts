import { type Database, endedCalls, tables } from '@paceline/shared/database';
import { kinds } from '@paceline/shared/definition';
import { describeList, type DoubtSubject, doubtText } from '@paceline/shared/sync/doubt';
import { and, desc, eq, getTableColumns, gte, inArray, isNotNull, isNull, not, or, sql } from 'drizzle-orm';
import { cancelled } from '../commands/cancel.ts';
import { isCancelled } from '../commands/query.ts';
import type { Failure } from './view.ts';

const { commands, doubts, syncLogs, syncRuns, wantedRiders } = tables;

/** Everything that failed since `since` (project ms), newest first; up to `limit` + 1 items. */
export async function listFailures(db: Database, since: number, limit: number): Promise<Failure[]> {
  const found = await Promise.all(
    [failedRuns, failedCalls, doubtedLists, failedCommands, failedRiders].map((list) =>
      list(db, since, limit + 1),
    ),
  );
  return found
    .flat()
    .toSorted((a, b) => b.at - a.at)
    .slice(0, limit + 1);
}

async function failedRuns(db: Database, since: number, limit: number): Promise<Failure[]> {
  const rows = await db
    .select()
    .from(syncRuns)
    .where(and(inArray(syncRuns.state, ['failed', 'partly_failed']), gte(syncRuns.finishedAt, since)))
    .orderBy(desc(syncRuns.finishedAt))
    .limit(limit);
  return rows.map(({ runId, kind, counts: { planned, failed }, error, startedAt, finishedAt }) => ({
    at: finishedAt ?? startedAt,
    type: 'run',
    what: kinds[kind].label,
    reason: error ?? `${failed} of ${planned} failed`,
    runId,
    commandId: null,
  }));
}

async function failedCalls(db: Database, since: number, limit: number): Promise<Failure[]> {
  // A 404 for results means that there are none yet.
  const noResultsYet = and(eq(syncLogs.endpoint, 'results'), eq(syncLogs.status, 404));
  const failed = or(isNull(syncLogs.status), gte(syncLogs.status, 400), isNotNull(syncLogs.rawStart));
  const rows = await db
    .select({ ...getTableColumns(syncLogs), durationMs: endedCalls.durationMs })
    .from(syncLogs)
    .where(
      and(
        endedCalls.only,
        failed,
        not(sql`coalesce(${noResultsYet}, false)`),
        gte(syncLogs.startedAt, since),
      ),
    )
    .orderBy(desc(syncLogs.startedAt))
    .limit(limit);
  return rows.map(({ endpoint, target, message, startedAt, durationMs, runId, commandId }) => ({
    at: startedAt + durationMs,
    type: 'call',
    what: `${endpoint} ${target}`,
    reason: message,
    runId,
    commandId,
  }));
}

/** Lists in doubt: the calls for them were answered 200. */
async function doubtedLists(db: Database, since: number, limit: number): Promise<Failure[]> {
  const rows = await db
    .select()
    .from(doubts)
    .where(gte(doubts.lastAt, since))
    .orderBy(desc(doubts.lastAt))
    .limit(limit);
  return rows.map(({ subject, lastAt, known, present }) => {
    const { name, things } = describeList(subject as DoubtSubject);
    const reason = doubtText({ known, present }, things);
    return { at: lastAt, type: 'list', what: name, reason, runId: null, commandId: null };
  });
}

async function failedCommands(db: Database, since: number, limit: number): Promise<Failure[]> {
  const state = sql`${commands.progress} ->> 'state'`;
  const rows = await db
    .select()
    .from(commands)
    .where(and(inArray(state, ['failed', 'expired']), not(isCancelled), gte(commands.finishedAt, since)))
    .orderBy(desc(commands.finishedAt))
    .limit(limit);
  return rows.map(({ commandId, riderId, progress, updatedAt, finishedAt }) => ({
    at: finishedAt ?? updatedAt,
    type: 'command',
    what: riderId === null ? 'import' : `add rider ${riderId}`,
    reason: 'reason' in progress ? progress.reason : progress.state,
    runId: null,
    commandId,
  }));
}

/** Riders of imports; of an add the command itself is listed. */
async function failedRiders(db: Database, since: number, limit: number): Promise<Failure[]> {
  const { outcome, why, reason: given, endedAt } = wantedRiders;
  const wasCancelled = sql`coalesce(${given} = ${cancelled.reason}, false)`;
  const rows = await db
    .select()
    .from(wantedRiders)
    .where(and(eq(outcome, 'failed'), eq(why, 'import'), not(wasCancelled), gte(endedAt, since)))
    .orderBy(desc(endedAt))
    .limit(limit);
  return rows.map(({ commandId, riderId, reason, since: requestedAt, ...row }) => ({
    at: row.endedAt ?? requestedAt,
    type: 'rider',
    what: `rider ${riderId}`,
    reason: reason ?? 'no reason given',
    runId: null,
    commandId,
  }));
}
