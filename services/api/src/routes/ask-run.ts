import { kindNames } from '@paceline/shared/definition';
import { createRoute, z } from '@hono/zod-openapi';
import type { AskedRun } from '../adapters/ask-run.ts';
import { findRun } from '../adapters/runs.ts';
import { nothingToRetry } from '../core/asked-run.ts';
import { AskedRun as AskedRunSchema } from '../http/components.ts';
import { textId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const accepted = {
  202: {
    description: 'The run will begin as soon as its service takes it up; until then its address is not found',
    headers: { Location: { description: 'The run', schema: { type: 'string' as const } } },
    content: { 'application/json': { schema: AskedRunSchema } },
  },
};

const trigger = createRoute({
  method: 'post',
  path: '/v1/syncs/{kind}/trigger',
  operationId: 'triggerSync',
  tags: ['runs'],
  summary: 'Run a sync now, out of its slots, for ten minutes at the most',
  description: [
    'While a run of this kind is under way it is that one that is answered. Also a kind that is off runs when it is asked',
    'to. To pause and resume a kind, set its `mode` in `/v1/schedule`.',
  ].join('\n'),
  request: {
    params: z.object({ kind: z.enum(kindNames, `must be one of ${kindNames.join(', ')}`) }),
  },
  responses: { ...accepted, ...problems(400, 401, 503) },
});

const retry = createRoute({
  method: 'post',
  path: '/v1/runs/{runId}/retry',
  operationId: 'retryRun',
  tags: ['runs'],
  summary: 'Try again what a run has not done, in a new run',
  description:
    'What has failed and what was left for later. However often it is asked for, there is one such run.',
  request: { params: z.object({ runId: textId }) },
  responses: { ...accepted, ...problems(400, 401, 404, 409, 503) },
});

export const askRunRoutes: AddRoutes = (app, { askRun, db }) => {
  app.openapi(trigger, async (c) => {
    const asked = await askRun.now(c.req.valid('param').kind);
    return c.json({ ...asked }, 202, location(asked));
  });

  app.openapi(retry, async (c) => {
    const { runId } = c.req.valid('param');
    const run = await findRun(db, runId);
    if (!run) throw new Problem('not-found', `There is no run ${runId}`);
    const reason = nothingToRetry(run);
    if (reason !== undefined) throw new Problem('too-late', reason);
    const asked = await askRun.again(run.kind, runId);
    return c.json({ ...asked }, 202, location(asked));
  });
};

const location = ({ runId }: AskedRun) => ({ Location: `/v1/runs/${runId}` });
