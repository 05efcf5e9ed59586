import { z } from '@hono/zod-openapi';
import { idParam, listOf, pageOf, pageQuery } from '../http/params.ts';
import { found, problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { findRider, listRiderChanges, listRiders, riderChangeList, riderList } from './query.ts';
import {
  riderChangeShape,
  riderChangeView,
  riderDetailShape,
  riderDetailView,
  riderShape,
  riderView,
} from './view.ts';

const tags = ['riders'];
const params = z.object({ riderId: idParam() });

const list = route('get', '/v1/riders', 'listRiders', {
  tags,
  summary: 'Riders by their id, each with the age of its data',
  request: {
    query: z.object({
      clubId: idParam().optional().openapi({ description: 'Only riders of this club' }),
      q: z
        .string()
        .regex(/^[^\0]{1,100}$/, 'must be 1 to 100 characters')
        .optional()
        .openapi({ description: 'A part of the name, in any case' }),
      ...pageQuery(riderList),
    }),
  },
  responses: { 200: jsonOf('A page of riders', listOf(riderShape)), ...problems(400, 401, 503) },
});

const one = route('get', '/v1/riders/{riderId}', 'getRider', {
  tags,
  summary: 'One rider, with everything upstream says of it',
  request: { params },
  responses: { 200: jsonOf('The rider', riderDetailShape), ...problems(400, 401, 404, 503) },
});

const history = route('get', '/v1/riders/{riderId}/history', 'listRiderHistory', {
  tags,
  summary: 'What a rider has been, newest first: one item for each answer that differed from the one before',
  request: { params, query: z.object(pageQuery(riderChangeList)) },
  responses: { 200: jsonOf('A page of it', listOf(riderChangeShape)), ...problems(400, 401, 404, 503) },
});

export const riderRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const query = c.req.valid('query');
    const rows = await listRiders(db, query);
    return c.json(pageOf(riderList, rows, query.limit, riderView(clock.now())), 200);
  });

  app.openapi(one, async (c) => {
    const { riderId } = c.req.valid('param');
    const otherwise = `Rider ${riderId} is not stored; POST /v1/riders fetches it`;
    const rider = found(await findRider(db, riderId), otherwise);
    return c.json(riderDetailView(rider, clock.now()), 200);
  });

  app.openapi(history, async (c) => {
    const { riderId } = c.req.valid('param');
    const page = c.req.valid('query');
    found(await findRider(db, riderId), `Rider ${riderId} is not stored`);
    const rows = await listRiderChanges(db, riderId, page);
    return c.json(pageOf(riderChangeList, rows, page.limit, riderChangeView), 200);
  });
};
