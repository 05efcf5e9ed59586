import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq } from 'drizzle-orm';
import {
  columnsBut,
  defineList,
  keyMoment,
  keyText,
  readPage,
  listOf,
  oneOf,
  pageQuery,
  textId,
} from '../http/params.ts';
import {
  type CallRow,
  type RunRow,
  runDetailShape,
  runDetailView,
  runShape,
  runStates,
  runView,
  type TriggeredRun,
  triggeredRunShape,
} from './view.ts';
import { z } from '@hono/zod-openapi';
import { kindNames } from '@paceline/shared/definition';
import { found, Problem, problems } from '../http/problem.ts';
import { answers, endpoint, jsonOf } from '../http/route.ts';
import { reasonNotToRetry } from './trigger.ts';

const { syncRuns, syncLogs } = tables;
const shown = columnsBut(syncRuns, 'checkpoint');

const runList = defineList('runs', 'desc', { startedAt: syncRuns.startedAt, runId: syncRuns.runId }, [
  keyMoment,
  keyText,
]);

async function findRun(db: Database, runId: string): Promise<RunRow | undefined> {
  const [run] = await db.select(shown).from(syncRuns).where(eq(syncRuns.runId, runId));
  return run;
}

const callColumns = columnsBut(syncLogs, 'runId', 'commandId');

/** The calls of a run, oldest first: a thousand at most, far more than budgets allow in a slot. */
const listCalls = (db: Database, runId: string): Promise<CallRow[]> =>
  db
    .select(callColumns)
    .from(syncLogs)
    .where(eq(syncLogs.runId, runId))
    .orderBy(asc(syncLogs.startedAt), asc(syncLogs.id))
    .limit(1_000);

const tags = ['runs'];
const params = z.object({ runId: textId });

const accepted = {
  ...jsonOf(
    'The run will begin as soon as its service takes it up; until then its address is not found',
    triggeredRunShape,
  ),
  headers: { Location: { description: 'The run', schema: { type: 'string' as const } } },
};

const noRun = (runId: string) => `There is no run ${runId}`;
const location = ({ runId }: TriggeredRun) => ({ Location: `/v1/runs/${runId}` });

export const runRoutes = [
  endpoint('get', '/v1/runs', 'listRuns', {
    tags,
    summary: 'What the scheduled syncs did, newest first',
    request: {
      query: z.object({
        kind: oneOf(kindNames).optional(),
        state: oneOf(runStates).optional(),
        ...pageQuery(runList),
      }),
    },
    responses: answers('A page of runs', listOf(runShape), 400),
    answer: async (c, { db }) => {
      const { kind, state, ...page } = c.req.valid('query');
      const where = and(kind && eq(syncRuns.kind, kind), state && eq(syncRuns.state, state));
      const all = db.select(shown).from(syncRuns).$dynamic();
      return c.json(await readPage(all, runList, page, runView, where), 200);
    },
  }),

  endpoint('get', '/v1/runs/{runId}', 'getRun', {
    tags,
    summary: 'One run with its calls to upstream',
    request: { params },
    responses: answers('The run', runDetailShape, 400, 404),
    answer: async (c, { db, traceUrl }) => {
      const { runId } = c.req.valid('param');
      const run = found(await findRun(db, runId), noRun(runId));
      return c.json(runDetailView(run, await listCalls(db, runId), traceUrl), 200);
    },
  }),

  endpoint('post', '/v1/syncs/{kind}/trigger', 'triggerSync', {
    tags,
    summary: 'Run a sync now, out of its slots, for ten minutes at the most',
    description: [
      'While a run of this kind is under way it is that one that is answered. Also a kind that is off runs when it is asked',
      'to. To pause and resume a kind, set its `mode` in `/v1/schedule`.',
    ].join('\n'),
    request: { params: z.object({ kind: oneOf(kindNames) }) },
    responses: { 202: accepted, ...problems(400, 401, 503) },
    answer: async (c, { triggers }) => {
      const run = await triggers.run(c.req.valid('param').kind);
      return c.json(run, 202, location(run));
    },
  }),

  endpoint('post', '/v1/runs/{runId}/retry', 'retryRun', {
    tags,
    summary: 'Try again what a run has not done, in a new run',
    description:
      'What has failed and what was left for later. However often it is asked for, there is one such run.',
    request: { params },
    responses: { 202: accepted, ...problems(400, 401, 404, 409, 503) },
    answer: async (c, { db, triggers }) => {
      const { runId } = c.req.valid('param');
      const run = found(await findRun(db, runId), noRun(runId));
      const reason = reasonNotToRetry(run);
      if (reason !== undefined) throw new Problem('too-late', reason);
      const retried = await triggers.retry(run);
      return c.json(retried, 202, location(retried));
    },
  }),
];
