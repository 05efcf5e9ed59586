import { z } from '@hono/zod-openapi';
import { wholeNumber } from '../http/params.ts';
import { answers, endpoint } from '../http/route.ts';
import { freshnessShape, freshnessView } from './view.ts';

export const freshnessRoutes = [
  endpoint('get', '/v1/freshness', 'getFreshness', {
    tags: ['events'],
    summary: 'How fresh the signups are kept against their goals, and which are asked for next, and why',
    request: {
      query: z.object({
        next: wholeNumber(0, 500)
          .default(50)
          .openapi({ default: 50, description: 'How many of the next events are listed' }),
      }),
    },
    responses: answers('As of now', freshnessShape, 400),
    answer: async (c, { freshness }) =>
      c.json(freshnessView(await freshness(c.req.valid('query').next)), 200),
  }),
];
