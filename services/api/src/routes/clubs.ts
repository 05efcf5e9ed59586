import { createRoute, z } from '@hono/zod-openapi';
import { listClubs } from '../adapters/clubs.ts';
import { clubView } from '../core/club.ts';
import { pageOf } from '../core/page.ts';
import { Club } from '../http/components.ts';
import { largestId, listOf, pageQuery } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/clubs',
  operationId: 'listClubs',
  tags: ['riders'],
  summary: 'The clubs that were synced, by their id, each with the age of its data',
  request: { query: z.object(pageQuery('clubs', z.tuple([z.int().min(1).max(largestId)]))) },
  responses: {
    200: { description: 'A page of clubs', content: { 'application/json': { schema: listOf(Club) } } },
    ...problems(400, 401, 503),
  },
});

export const clubRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const rows = await listClubs(db, { limit, after: cursor });
    const now = clock.now();
    const keyOf = ({ clubId }: (typeof rows)[number]) => [clubId];
    return c.json(
      pageOf('clubs', rows, limit, (row) => clubView(row, now), keyOf),
      200,
    );
  });
};
