import { z } from '@hono/zod-openapi';
import { problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { findSources } from './query.ts';
import { sourceShape, sourcesView } from './view.ts';

const read = route('get', '/v1/sources', 'getSources', {
  tags: ['coordination'],
  summary: 'Which of its sources upstream gives us, and why it does not give the others',
  responses: { 200: jsonOf('As of now', z.object({ sources: z.array(sourceShape) })), ...problems(401, 503) },
});

export const sourceRoutes: AddRoutes = (app, { db }) => {
  app.openapi(read, async (c) => c.json({ sources: sourcesView(await findSources(db)) }, 200));
};
