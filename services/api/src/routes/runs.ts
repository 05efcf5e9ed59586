import { kindNames } from '@paceline/shared/definition';
import { createRoute, z } from '@hono/zod-openapi';
import { findRun, listCalls, listRuns } from '../adapters/runs.ts';
import { pageOf } from '../core/page.ts';
import { runDetailView, runStates, runView } from '../core/run.ts';
import { Run, RunDetail } from '../http/components.ts';
import { keyMoment, keyText, listOf, oneOf, pageQuery, textId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/runs',
  operationId: 'listRuns',
  tags: ['runs'],
  summary: 'What the scheduled syncs did, newest first',
  request: {
    query: z.object({
      kind: oneOf(kindNames),
      state: oneOf(runStates),
      ...pageQuery('runs', z.tuple([keyMoment, keyText])),
    }),
  },
  responses: {
    200: { description: 'A page of runs', content: { 'application/json': { schema: listOf(Run) } } },
    ...problems(400, 401, 503),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/runs/{runId}',
  operationId: 'getRun',
  tags: ['runs'],
  summary: 'One run with its calls to upstream',
  request: { params: z.object({ runId: textId }) },
  responses: {
    200: { description: 'The run', content: { 'application/json': { schema: RunDetail } } },
    ...problems(400, 401, 404, 503),
  },
});

export const runRoutes: AddRoutes = (app, { db, traceUrl }) => {
  app.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const rows = await listRuns(db, filter, { limit, after: cursor });
    return c.json(
      pageOf('runs', rows, limit, runView, (row) => [row.startedAt, row.runId]),
      200,
    );
  });

  app.openapi(one, async (c) => {
    const { runId } = c.req.valid('param');
    const run = await findRun(db, runId);
    if (!run) throw new Problem('not-found', `There is no run ${runId}`);
    return c.json(runDetailView(run, await listCalls(db, runId), traceUrl), 200);
  });
};
