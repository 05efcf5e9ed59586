import { z } from '@hono/zod-openapi';
import { timeParam, wholeNumber } from '../http/params.ts';
import { endpoint, jsonResponses } from '../http/route.ts';
import { listFailures } from './query.ts';
import { failuresShape, failuresView } from './view.ts';

const hourMs = 3_600_000;

export const failureRoutes = [
  endpoint('get', '/v1/failures', 'getFailures', {
    tags: ['runs'],
    summary: 'Get what failed since a time, and why',
    description:
      'Failed and partly failed runs, failed calls, lists in doubt, failed commands, and riders that imports could not fetch.',
    request: {
      query: z.object({
        since: timeParam.optional().openapi({ description: 'Default: one hour ago' }),
        limit: wholeNumber(1, 500)
          .default(100)
          .openapi({ default: 100, description: 'Default 100, max 500' }),
      }),
    },
    responses: jsonResponses('The failures', failuresShape, 400),
    handler: async (c, { db, clock }) => {
      const { since, limit } = c.req.valid('query');
      const from = since === undefined ? clock.now() - hourMs : Date.parse(since);
      return c.json(failuresView(from, await listFailures(db, from, limit), limit), 200);
    },
  }),
];
