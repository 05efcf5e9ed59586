import { createRoute } from '@hono/zod-openapi';
import { type Database, isDatabaseAway } from '@paceline/shared/database';
import { findSources } from '../adapters/sources.ts';
import { coordinationView } from '../core/coordination.ts';
import { Coordination } from '../http/components.ts';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

/** Real ms. */
const patienceMs = 2_000;

const now = createRoute({
  method: 'get',
  path: '/v1/coordination',
  operationId: 'getCoordination',
  tags: ['coordination'],
  summary: 'How full the windows are, who stood in whose way, and who waits',
  responses: {
    200: { description: 'As of now', content: { 'application/json': { schema: Coordination } } },
    ...problems(401, 503),
  },
});

export const coordinationRoutes: AddRoutes = (app, { db, limiterStatus }) => {
  app.openapi(now, async (c) => {
    const [standing, sources] = await Promise.all([limiterStatus(patienceMs), sourcesIfThere(db)]);
    return c.json(coordinationView(standing, sources), 200);
  });
};

/** Whether calls can be made is known without a database. */
const sourcesIfThere = (db: Database) =>
  findSources(db).catch((error: unknown) => {
    if (isDatabaseAway(error)) return null;
    throw error;
  });
