import { z } from '@hono/zod-openapi';
import { wholeNumber } from '../http/params.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { freshnessShape, freshnessView } from './view.ts';

export const freshnessRoutes = [
  endpoint('get', '/v1/freshness', 'getFreshness', {
    tags: ['events'],
    summary:
      'Get the freshness of signups against their goals, the planned calls and the events that wait, with the reasons',
    request: {
      query: z.object({
        limit: wholeNumber(0, 500)
          .default(50)
          .openapi({ default: 50, description: 'Number of next calls to list, default 50, max 500' }),
      }),
    },
    responses: jsonResponses('The current freshness', freshnessShape, 400),
    handler: async (c, { freshness }) =>
      c.json(freshnessView(await freshness(c.req.valid('query').limit)), 200),
  }),
];
