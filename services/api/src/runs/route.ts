import { z } from '@hono/zod-openapi';
import { kindNames } from '@paceline/shared/definition';
import { listOf, oneOf, pageOf, pageQuery, textId } from '../http/params.ts';
import { found, Problem, problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { findRun, listCalls, listRuns, runList } from './query.ts';
import { reasonNotToRetry, type TriggeredRun } from './trigger.ts';
import { runDetailShape, runDetailView, runShape, runStates, runView, triggeredRunShape } from './view.ts';

const tags = ['runs'];
const params = z.object({ runId: textId });

const list = route('get', '/v1/runs', 'listRuns', {
  tags,
  summary: 'What the scheduled syncs did, newest first',
  request: {
    query: z.object({
      kind: oneOf(kindNames).optional(),
      state: oneOf(runStates).optional(),
      ...pageQuery(runList),
    }),
  },
  responses: { 200: jsonOf('A page of runs', listOf(runShape)), ...problems(400, 401, 503) },
});

const one = route('get', '/v1/runs/{runId}', 'getRun', {
  tags,
  summary: 'One run with its calls to upstream',
  request: { params },
  responses: { 200: jsonOf('The run', runDetailShape), ...problems(400, 401, 404, 503) },
});

const accepted = {
  ...jsonOf(
    'The run will begin as soon as its service takes it up; until then its address is not found',
    triggeredRunShape,
  ),
  headers: { Location: { description: 'The run', schema: { type: 'string' as const } } },
};

const trigger = route('post', '/v1/syncs/{kind}/trigger', 'triggerSync', {
  tags,
  summary: 'Run a sync now, out of its slots, for ten minutes at the most',
  description: [
    'While a run of this kind is under way it is that one that is answered. Also a kind that is off runs when it is asked',
    'to. To pause and resume a kind, set its `mode` in `/v1/schedule`.',
  ].join('\n'),
  request: { params: z.object({ kind: oneOf(kindNames) }) },
  responses: { 202: accepted, ...problems(400, 401, 503) },
});

const retry = route('post', '/v1/runs/{runId}/retry', 'retryRun', {
  tags,
  summary: 'Try again what a run has not done, in a new run',
  description:
    'What has failed and what was left for later. However often it is asked for, there is one such run.',
  request: { params },
  responses: { 202: accepted, ...problems(400, 401, 404, 409, 503) },
});

const noRun = (runId: string) => `There is no run ${runId}`;
const location = ({ runId }: TriggeredRun) => ({ Location: `/v1/runs/${runId}` });

export const runRoutes: AddRoutes = (app, { db, triggers, traceUrl }) => {
  app.openapi(list, async (c) => {
    const query = c.req.valid('query');
    return c.json(pageOf(runList, await listRuns(db, query), query.limit, runView), 200);
  });

  app.openapi(one, async (c) => {
    const { runId } = c.req.valid('param');
    const run = found(await findRun(db, runId), noRun(runId));
    return c.json(runDetailView(run, await listCalls(db, runId), traceUrl), 200);
  });

  app.openapi(trigger, async (c) => {
    const run = await triggers.run(c.req.valid('param').kind);
    return c.json({ ...run }, 202, location(run));
  });

  app.openapi(retry, async (c) => {
    const { runId } = c.req.valid('param');
    const run = found(await findRun(db, runId), noRun(runId));
    const reason = reasonNotToRetry(run);
    if (reason !== undefined) throw new Problem('too-late', reason);
    const retried = await triggers.retry(run);
    return c.json({ ...retried }, 202, location(retried));
  });
};
