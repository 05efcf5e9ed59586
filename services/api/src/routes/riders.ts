import { createRoute, z } from '@hono/zod-openapi';
import { findRider, listRiders } from '../adapters/riders.ts';
import { pageOf } from '../core/page.ts';
import { riderDetailView, riderView } from '../core/rider.ts';
import { Rider, RiderDetail } from '../http/components.ts';
import { idParam, largestId, listOf, pageQuery } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/riders',
  operationId: 'listRiders',
  tags: ['riders'],
  summary: 'Riders by their id, each with the age of its data',
  request: {
    query: z.object({
      clubId: idParam().optional().openapi({ description: 'Only riders of this club' }),
      q: z
        .string()
        .regex(/^[^\0]{1,100}$/, 'must be 1 to 100 characters')
        .optional()
        .openapi({ description: 'A part of the name, in any case' }),
      ...pageQuery('riders', z.tuple([z.int().min(1).max(largestId)])),
    }),
  },
  responses: {
    200: { description: 'A page of riders', content: { 'application/json': { schema: listOf(Rider) } } },
    ...problems(400, 401, 503),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/riders/{riderId}',
  operationId: 'getRider',
  tags: ['riders'],
  summary: 'One rider, with everything upstream says of it',
  request: { params: z.object({ riderId: idParam() }) },
  responses: {
    200: { description: 'The rider', content: { 'application/json': { schema: RiderDetail } } },
    ...problems(400, 401, 404, 503),
  },
});

export const riderRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const rows = await listRiders(db, filter, { limit, after: cursor });
    const now = clock.now();
    return c.json(
      pageOf(
        'riders',
        rows,
        limit,
        (row) => riderView(row, now),
        (row) => [row.riderId],
      ),
      200,
    );
  });

  app.openapi(one, async (c) => {
    const { riderId } = c.req.valid('param');
    const rider = await findRider(db, riderId);
    if (!rider) throw new Problem('not-found', `Rider ${riderId} is not stored; POST /v1/riders fetches it`);
    return c.json(riderDetailView(rider, clock.now()), 200);
  });
};
