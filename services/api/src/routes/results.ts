import { createRoute, z } from '@hono/zod-openapi';
import { behindAll, findResultsStanding, listResults } from '../adapters/results.ts';
import { pageOf } from '../core/page.ts';
import { resultsStandingView, resultView } from '../core/results.ts';
import { Results } from '../http/components.ts';
import { largestId, pageQuery, textId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const key = z.tuple([z.string().max(200), z.int().min(0).max(largestId), z.int().min(1).max(largestId)]);

const list = createRoute({
  method: 'get',
  path: '/v1/events/{eventId}/results',
  operationId: 'listResults',
  tags: ['events'],
  summary: 'How an event ended, pen by pen, and how far its results are',
  request: {
    params: z.object({ eventId: textId }),
    query: z.object(pageQuery('results', key)),
  },
  responses: {
    200: { description: 'A page of results', content: { 'application/json': { schema: Results } } },
    ...problems(400, 401, 404, 503),
  },
});

export const resultRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const { eventId } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    const standing = await findResultsStanding(db, eventId);
    if (!standing) throw new Problem('not-found', `Event ${eventId} is not stored`);
    const rows = await listResults(db, eventId, { limit, after: cursor });
    const keyOf = ({ pen, positionInPen, riderId }: (typeof rows)[number]) =>
      [pen ?? '', positionInPen ?? behindAll, riderId] as const;
    return c.json(
      {
        ...resultsStandingView(standing, clock.now()),
        ...pageOf('results', rows, limit, resultView, keyOf),
      },
      200,
    );
  });
};
