import { z } from '@hono/zod-openapi';
import { budgetNames } from '@paceline/shared/definition';
import { isDatabaseAway } from '@paceline/shared/database';
import { listOf, moment, oneOf, pageOf, pageQuery } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { findSources } from '../sources/query.ts';
import { conflictList, listConflicts, listPermits, permitList } from './query.ts';
import {
  conflictShape,
  conflictView,
  coordinationShape,
  coordinationView,
  permitShape,
  permitView,
  queueShape,
  queueView,
} from './view.ts';

const tags = ['coordination'];
const dayMs = 86_400_000;
/** Waiting requests that are listed of each budget. */
const mostTickets = 1_000;

const now = route('get', '/v1/coordination', 'getCoordination', {
  tags,
  summary: 'How full the windows are, who stood in whose way, and who waits',
  responses: { 200: jsonOf('As of now', coordinationShape), ...problems(401, 503) },
});

const queue = route('get', '/v1/queue', 'getQueue', {
  tags,
  summary: 'Everybody who waits for a permit, by budget and lane, and when each is expected to go',
  responses: { 200: jsonOf('As of now', queueShape), ...problems(401, 503) },
});

const conflicts = route('get', '/v1/conflicts', 'listConflicts', {
  tags,
  summary: 'Who had to wait because of whom, newest first, as far back as RETENTION_HISTORY',
  request: { query: z.object(pageQuery(conflictList)) },
  responses: { 200: jsonOf('A page of conflicts', listOf(conflictShape)), ...problems(400, 401, 503) },
});

const permits = route('get', '/v1/permits', 'listPermits', {
  tags,
  summary: 'The permits that were started lately and how their calls ended, oldest first',
  request: {
    query: z.object({
      since: moment.optional().openapi({
        description: 'Those of two days are kept; by default those of the last 24 hours are shown',
      }),
      budget: oneOf(budgetNames).optional(),
      ...pageQuery(permitList),
    }),
  },
  responses: { 200: jsonOf('A page of permits', listOf(permitShape)), ...problems(400, 401, 503) },
});

export const coordinationRoutes: AddRoutes = (app, { db, clock, account, limiter }) => {
  app.openapi(now, async (c) => {
    // Whether calls can be made is known without a database.
    const known = findSources(db).catch((error: unknown) => {
      if (isDatabaseAway(error)) return null;
      throw error;
    });
    const [status, sources] = await Promise.all([limiter.status(), known]);
    return c.json(coordinationView(status, sources), 200);
  });

  app.openapi(queue, async (c) => {
    const { windows } = await limiter.windows({ waiting: mostTickets });
    return c.json(queueView(windows, clock.now()), 200);
  });

  app.openapi(conflicts, async (c) => {
    const page = c.req.valid('query');
    const rows = await listConflicts(db, account, page);
    return c.json(pageOf(conflictList, rows, page.limit, conflictView), 200);
  });

  app.openapi(permits, async (c) => {
    const { since, ...query } = c.req.valid('query');
    const from = since === undefined ? clock.now() - dayMs : Date.parse(since);
    const rows = await listPermits(db, account, { ...query, since: from });
    return c.json(pageOf(permitList, rows, query.limit, permitView), 200);
  });
};
