import { z } from '@hono/zod-openapi';
import { wholeNumber } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { freshnessShape, freshnessView } from './view.ts';

const read = route('get', '/v1/freshness', 'getFreshness', {
  tags: ['events'],
  summary: 'How fresh the signups are kept against their goals, and which are asked for next, and why',
  request: {
    query: z.object({
      next: wholeNumber(0, 500)
        .default(50)
        .openapi({ default: 50, description: 'How many of the next events are listed' }),
    }),
  },
  responses: { 200: jsonOf('As of now', freshnessShape), ...problems(400, 401, 503) },
});

export const freshnessRoutes: AddRoutes = (app, { freshness }) => {
  app.openapi(read, async (c) => c.json(freshnessView(await freshness(c.req.valid('query').next)), 200));
};
