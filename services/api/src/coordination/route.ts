import { tables, isDatabaseUnavailable } from '@paceline/shared/database';
import { and, eq, gte, isNotNull } from 'drizzle-orm';
import {
  columnsBut,
  defineList,
  keyMoment,
  keyText,
  readPage,
  listOf,
  moment,
  oneOf,
  pageQuery,
} from '../http/params.ts';
import {
  type PermitRow,
  conflictShape,
  conflictView,
  coordinationShape,
  coordinationView,
  permitShape,
  permitView,
  queueShape,
  queueView,
} from './view.ts';
import { z } from '@hono/zod-openapi';
import { budgetNames } from '@paceline/shared/definition';
import { answers, endpoint } from '../http/route.ts';
import { findSources } from '../sources/route.ts';

const { conflicts, permits } = tables;

const conflictList = defineList('conflicts', 'desc', { at: conflicts.at, sequence: conflicts.sequence }, [
  keyMoment,
  z.int().min(0),
]);

const permitList = defineList('permits', 'asc', { startedAt: permits.startedAt, permit: permits.permit }, [
  keyMoment,
  keyText,
]);

const tags = ['coordination'];
const dayMs = 86_400_000;
/** Waiting requests that are listed of each budget. */
const mostTickets = 1_000;

export const coordinationRoutes = [
  endpoint('get', '/v1/coordination', 'getCoordination', {
    tags,
    summary: 'How full the windows are, who stood in whose way, and who waits',
    responses: answers('As of now', coordinationShape),
    answer: async (c, { db, limiter }) => {
      // Whether calls can be made is known without a database.
      const known = findSources(db).catch((error: unknown) => {
        if (isDatabaseUnavailable(error)) return null;
        throw error;
      });
      const [status, sources] = await Promise.all([limiter.status(), known]);
      return c.json(coordinationView(status, sources), 200);
    },
  }),

  endpoint('get', '/v1/queue', 'getQueue', {
    tags,
    summary: 'Everybody who waits for a permit, by budget and lane, and when each is expected to go',
    responses: answers('As of now', queueShape),
    answer: async (c, { clock, limiter }) => {
      const { windows } = await limiter.windows({ waiting: mostTickets });
      return c.json(queueView(windows, clock.now()), 200);
    },
  }),

  endpoint('get', '/v1/conflicts', 'listConflicts', {
    tags,
    summary: 'Who had to wait because of whom, newest first, as far back as RETENTION_HISTORY',
    request: { query: z.object(pageQuery(conflictList)) },
    responses: answers('A page of conflicts', listOf(conflictShape), 400),
    answer: async (c, { db, account }) => {
      const ours = eq(conflicts.account, account);
      const all = db.select().from(conflicts).$dynamic();
      return c.json(await readPage(all, conflictList, c.req.valid('query'), conflictView, ours), 200);
    },
  }),

  endpoint('get', '/v1/permits', 'listPermits', {
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
    responses: answers('A page of permits', listOf(permitShape), 400),
    answer: async (c, { db, clock, account }) => {
      const { since, budget, ...page } = c.req.valid('query');
      const from = since === undefined ? clock.now() - dayMs : Date.parse(since);
      const where = and(
        eq(permits.account, account),
        isNotNull(permits.lane),
        gte(permits.startedAt, from),
        budget && eq(permits.budget, budget),
      );
      const all = db
        .select(columnsBut(permits, 'account', 'receivedAt'))
        .from(permits)
        .$dynamic();
      const view = (row: unknown) => permitView(row as PermitRow);
      return c.json(await readPage(all, permitList, page, view, where), 200);
    },
  }),
];
