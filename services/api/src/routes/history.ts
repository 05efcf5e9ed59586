import { budgetNames } from '@paceline/shared/definition';
import { createRoute, z } from '@hono/zod-openapi';
import { listConflicts, listPermits } from '../adapters/history.ts';
import { conflictView } from '../core/conflict.ts';
import { pageOf } from '../core/page.ts';
import { permitView } from '../core/permit.ts';
import { Conflict, Permit } from '../http/components.ts';
import { keyMoment, keyText, listOf, pageQuery } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const dayMs = 86_400_000;

const conflicts = createRoute({
  method: 'get',
  path: '/v1/conflicts',
  operationId: 'listConflicts',
  tags: ['coordination'],
  summary: 'Who had to wait because of whom, newest first, as far back as RETENTION_HISTORY',
  request: {
    query: z.object(pageQuery('conflicts', z.tuple([keyMoment, z.int().min(0)]))),
  },
  responses: {
    200: {
      description: 'A page of conflicts',
      content: { 'application/json': { schema: listOf(Conflict) } },
    },
    ...problems(400, 401, 503),
  },
});

const permits = createRoute({
  method: 'get',
  path: '/v1/permits',
  operationId: 'listPermits',
  tags: ['coordination'],
  summary: 'The permits that were started lately and how their calls ended, oldest first',
  request: {
    query: z.object({
      since: z.iso.datetime('must be a moment, as 2026-03-01T12:00:00Z').optional().openapi({
        description: 'Those of two days are kept; by default those of the last 24 hours are shown',
      }),
      budget: z.enum(budgetNames, `must be one of ${budgetNames.join(', ')}`).optional(),
      ...pageQuery('permits', z.tuple([keyMoment, keyText])),
    }),
  },
  responses: {
    200: { description: 'A page of permits', content: { 'application/json': { schema: listOf(Permit) } } },
    ...problems(400, 401, 503),
  },
});

export const historyRoutes: AddRoutes = (app, { db, clock, account }) => {
  app.openapi(conflicts, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const rows = await listConflicts(db, account, { limit, after: cursor });
    return c.json(
      pageOf('conflicts', rows, limit, conflictView, (row) => [row.at, row.sequence]),
      200,
    );
  });

  app.openapi(permits, async (c) => {
    const { limit, cursor, since, budget } = c.req.valid('query');
    const from = since === undefined ? clock.now() - dayMs : Date.parse(since);
    const rows = await listPermits(db, account, { since: from, budget }, { limit, after: cursor });
    return c.json(
      pageOf('permits', rows, limit, permitView, (row) => [row.startedAt, row.permit]),
      200,
    );
  });
};
