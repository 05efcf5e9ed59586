import { type Database, endedCalls, tables } from '@paceline/shared/database';
import { fullName, upstreamOf } from '@paceline/shared/contracts';
import { kinds } from '@paceline/shared/definition';
import { describeList, type DoubtSubject, doubtText } from '@paceline/shared/sync/doubt';
import { and, desc, eq, gte, inArray, isNotNull, isNull, not, or, sql } from 'drizzle-orm';
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
  const { runId, kind, counts, error, startedAt, finishedAt } = syncRuns;
  const rows = await db
    .select({ runId, kind, counts, error, startedAt, finishedAt })
    .from(syncRuns)
    .where(and(inArray(syncRuns.state, ['failed', 'partly_failed']), gte(finishedAt, since)))
    .orderBy(desc(finishedAt))
    .limit(limit);
  return rows.map((run) => ({
    at: run.finishedAt ?? run.startedAt,
    type: 'run',
    what: kinds[run.kind].label,
    reason: run.error ?? `${run.counts.failed} of ${run.counts.planned} failed`,
    runId: run.runId,
    commandId: null,
  }));
}

async function failedCalls(db: Database, since: number, limit: number): Promise<Failure[]> {
  // A 404 for results means to a sync that there are none yet. Programs may call endpoints of that name elsewhere.
  const noResultsYet = and(
    eq(syncLogs.endpoint, 'results'),
    eq(syncLogs.status, 404),
    isNull(syncLogs.caller),
  );
  const failed = or(isNull(syncLogs.status), gte(syncLogs.status, 400), isNotNull(syncLogs.rawStart));
  const { account, caller, endpoint, target, message, startedAt, runId, commandId } = syncLogs;
  const { durationMs } = endedCalls;
  const rows = await db
    .select({ account, program: caller, endpoint, target, message, startedAt, durationMs, runId, commandId })
    .from(syncLogs)
    .where(and(endedCalls.only, failed, not(sql`coalesce(${noResultsYet}, false)`), gte(startedAt, since)))
    .orderBy(desc(startedAt))
    .limit(limit);
  return rows.map((call) => ({
    at: call.startedAt + call.durationMs,
    type: 'call',
    what: `${fullName(upstreamOf(call.account ?? ''), call.endpoint)} ${call.target}`,
    reason: call.message,
    runId: call.runId,
    commandId: call.commandId,
    program: call.program,
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
  const { commandId, riderId, progress, updatedAt, finishedAt } = commands;
  const state = sql`${progress} ->> 'state'`;
  const rows = await db
    .select({ commandId, riderId, progress, updatedAt, finishedAt })
    .from(commands)
    .where(and(inArray(state, ['failed', 'expired']), not(isCancelled), gte(finishedAt, since)))
    .orderBy(desc(finishedAt))
    .limit(limit);
  return rows.map((command) => ({
    at: command.finishedAt ?? command.updatedAt,
    type: 'command',
    what: command.riderId === null ? 'import' : `add rider ${command.riderId}`,
    reason: 'reason' in command.progress ? command.progress.reason : command.progress.state,
    runId: null,
    commandId: command.commandId,
  }));
}

/** Riders of imports; of an add the command itself is listed. */
async function failedRiders(db: Database, since: number, limit: number): Promise<Failure[]> {
  const { commandId, riderId, outcome, why, reason, since: requestedAt, endedAt } = wantedRiders;
  const wasCancelled = sql`coalesce(${reason} = ${cancelled.reason}, false)`;
  const rows = await db
    .select({ commandId, riderId, reason, requestedAt, endedAt })
    .from(wantedRiders)
    .where(and(eq(outcome, 'failed'), eq(why, 'import'), not(wasCancelled), gte(endedAt, since)))
    .orderBy(desc(endedAt))
    .limit(limit);
  return rows.map((rider) => ({
    at: rider.endedAt ?? rider.requestedAt,
    type: 'rider',
    what: `rider ${rider.riderId}`,
    reason: rider.reason ?? 'no reason given',
    runId: null,
    commandId: rider.commandId,
  }));
}
