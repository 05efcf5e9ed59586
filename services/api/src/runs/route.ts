import { type Database, endedCalls, findUnreadable, tables } from '@paceline/shared/database';
import { and, asc, eq, inArray } from 'drizzle-orm';
import {
  columnsExcept,
  defineList,
  keyTime,
  keyText,
  pageOf,
  readRows,
  listOf,
  oneOf,
  pageQuery,
  textId,
} from '../http/params.ts';
import {
  type CallRow,
  type RunListRow,
  runDetailShape,
  runDetailView,
  runShape,
  runView,
  type TriggeredRun,
  triggeredRunShape,
} from './view.ts';
import { z } from '@hono/zod-openapi';
import { runStates } from '@paceline/shared/contracts';
import { type BudgetName, kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { type HealthReader, obstacleFor } from '../health/parts.ts';
import { requireFound, Problem, problems } from '../http/problem.ts';
import { jsonResponses, endpoint, jsonOf } from '../http/route.ts';
import { retryObstacle } from './trigger.ts';

const { events, syncRuns, syncLogs } = tables;
/** Their calls have an event as target. */
const eventBudgets = ['signups', 'results'] as const satisfies readonly BudgetName[];
const shown = columnsExcept(syncRuns, 'checkpoint');

const runList = defineList('runs', 'desc', { startedAt: syncRuns.startedAt, runId: syncRuns.runId }, [
  keyTime,
  keyText,
]);

async function findRun(db: Database, runId: string): Promise<RunListRow | undefined> {
  const [run] = await db.select(shown).from(syncRuns).where(eq(syncRuns.runId, runId));
  return run;
}

const callColumns = {
  ...columnsExcept(
    syncLogs,
    'runId',
    'commandId',
    'caller',
    'permit',
    'partition',
    'account',
    'lane',
    'recordedAt',
    'endedAt',
  ),
  durationMs: endedCalls.durationMs,
  event: { title: events.title, startsAt: events.startsAt },
};

/** The calls of a run, oldest first. Max 1000, far more than the budgets allow within a slot. */
const listCalls = (db: Database, runId: string): Promise<CallRow[]> =>
  db
    .select(callColumns)
    .from(syncLogs)
    .leftJoin(events, and(eq(events.eventId, syncLogs.target), inArray(syncLogs.endpoint, eventBudgets)))
    .where(and(endedCalls.only, eq(syncLogs.runId, runId)))
    .orderBy(asc(syncLogs.startedAt), asc(syncLogs.id))
    .limit(1_000);

const tags = ['runs'];
const params = z.object({ runId: textId.openapi({ example: '1f0c8a52-6a0e-8d1f-a5f1-3c1f2b7d9e10' }) });

const accepted = {
  ...jsonOf(
    'The run starts as soon as its service receives the tick; until then `Location` returns 404',
    triggeredRunShape,
  ),
  headers: { Location: { description: 'The run', schema: { type: 'string' as const } } },
};

const runNotFound = (runId: string) => `Run ${runId} does not exist`;
const location = ({ runId }: TriggeredRun) => ({ Location: `/v1/runs/${runId}` });

const waitsFor = (kind: SyncKind, health: HealthReader): string | null =>
  obstacleFor(health.parts(), kinds[kind].service) ?? null;

export const runRoutes = [
  endpoint('get', '/v1/runs', 'listRuns', {
    tags,
    summary: 'List runs of the syncs, newest first',
    request: {
      query: z.object({
        kind: oneOf(kindNames).optional(),
        state: oneOf(runStates).optional(),
        ...pageQuery(runList),
      }),
    },
    responses: jsonResponses('A page of runs', listOf(runShape), 400),
    handler: async (c, { db }) => {
      const { kind, state, ...page } = c.req.valid('query');
      const where = and(kind && eq(syncRuns.kind, kind), state && eq(syncRuns.state, state));
      const all = db.select(shown).from(syncRuns).$dynamic();
      const rows = await readRows(all, runList, page, where);
      const unreadable = await findUnreadable(
        db,
        rows.map(({ runId }) => runId),
      );
      const view = (row: RunListRow) => runView(row, unreadable.get(row.runId));
      return c.json(pageOf(runList, rows, page.limit, view), 200);
    },
  }),

  endpoint('get', '/v1/runs/{runId}', 'getRun', {
    tags,
    summary: 'Get a run with its upstream calls',
    request: { params },
    responses: jsonResponses('The run', runDetailShape, 400, 404),
    handler: async (c, { db, traceUrl }) => {
      const { runId } = c.req.valid('param');
      const run = requireFound(await findRun(db, runId), runNotFound(runId));
      const unreadable = await findUnreadable(db, [runId]);
      return c.json(runDetailView(run, await listCalls(db, runId), unreadable.get(runId), traceUrl), 200);
    },
  }),

  endpoint('post', '/v1/syncs/{kind}/trigger', 'triggerSync', {
    tags,
    summary: 'Run a sync now, outside its slots, for up to 10 minutes',
    description: [
      'If a run of this kind is already in progress, the response names that one. A kind that is off can be run too.',
      'A paused kind too: to pause one for a time, use `/v1/syncs/{kind}/pause`; to turn it off, set its `mode` in `/v1/schedule`.',
    ].join('\n'),
    request: { params: z.object({ kind: oneOf(kindNames) }) },
    responses: { 202: accepted, ...problems(400, 401, 503) },
    handler: async (c, { triggers, health }) => {
      const { kind } = c.req.valid('param');
      const run = await triggers.run(kind);
      return c.json({ ...run, reason: waitsFor(kind, health) }, 202, location(run));
    },
  }),

  endpoint('post', '/v1/runs/{runId}/retry', 'retryRun', {
    tags,
    summary: 'Retry the failed and deferred work of a run, in a new run',
    description: 'Repeated requests return the same new run.',
    request: { params },
    responses: { 202: accepted, ...problems(400, 401, 404, 409, 503) },
    handler: async (c, { db, triggers, health }) => {
      const { runId } = c.req.valid('param');
      const run = requireFound(await findRun(db, runId), runNotFound(runId));
      const reason = retryObstacle(run);
      if (reason !== undefined) throw new Problem('invalid-state', reason);
      const retried = await triggers.retry(run);
      return c.json({ ...retried, reason: waitsFor(run.kind, health) }, 202, location(retried));
    },
  }),
];
