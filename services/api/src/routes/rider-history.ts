import { createRoute, z } from '@hono/zod-openapi';
import { findRider, listRiderChanges } from '../adapters/riders.ts';
import { pageOf } from '../core/page.ts';
import { riderChangeView } from '../core/rider-change.ts';
import { RiderChange } from '../http/components.ts';
import { idParam, keyMoment, listOf, pageQuery } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/riders/{riderId}/history',
  operationId: 'listRiderHistory',
  tags: ['riders'],
  summary: 'What a rider has been, newest first: one item for each answer that differed from the one before',
  request: {
    params: z.object({ riderId: idParam() }),
    query: z.object(pageQuery('rider-history', z.tuple([keyMoment]))),
  },
  responses: {
    200: { description: 'A page of it', content: { 'application/json': { schema: listOf(RiderChange) } } },
    ...problems(400, 401, 404, 503),
  },
});

export const riderHistoryRoutes: AddRoutes = (app, { db }) => {
  app.openapi(list, async (c) => {
    const { riderId } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    if (!(await findRider(db, riderId))) throw new Problem('not-found', `Rider ${riderId} is not stored`);
    const rows = await listRiderChanges(db, riderId, { limit, after: cursor });
    return c.json(
      pageOf('rider-history', rows, limit, riderChangeView, ({ recordedAt }) => [recordedAt]),
      200,
    );
  });
};
