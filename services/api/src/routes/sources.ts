import { createRoute, z } from '@hono/zod-openapi';
import { findSources } from '../adapters/sources.ts';
import { sourcesView } from '../core/source.ts';
import { Source } from '../http/components.ts';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const read = createRoute({
  method: 'get',
  path: '/v1/sources',
  operationId: 'getSources',
  tags: ['coordination'],
  summary: 'Which of its sources upstream gives us, and why it does not give the others',
  responses: {
    200: {
      description: 'As of now',
      content: { 'application/json': { schema: z.object({ sources: z.array(Source) }) } },
    },
    ...problems(401, 503),
  },
});

export const sourceRoutes: AddRoutes = (app, { db }) => {
  app.openapi(read, async (c) => c.json({ sources: sourcesView(await findSources(db)) }, 200));
};
