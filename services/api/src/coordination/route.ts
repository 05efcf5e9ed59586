import { tables, isDatabaseUnavailable } from '@paceline/shared/database';
import { and, eq, gte, isNotNull, sql } from 'drizzle-orm';
import {
  defineList,
  keyTime,
  keyText,
  readPage,
  listOf,
  timeParam,
  oneOf,
  pageQuery,
} from '../http/params.ts';
import { accountsOf } from '../budgets/accounts.ts';
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
import { z } from '@hono/zod-openapi';
import { type BudgetName, budgetNames, type Lane } from '@paceline/shared/definition';
import { jsonResponses, endpoint } from '../http/route.ts';
import { findSources } from '../sources/route.ts';

const { conflicts, syncLogs } = tables;

const conflictList = defineList('conflicts', 'desc', { at: conflicts.at, sequence: conflicts.sequence }, [
  keyTime,
  z.int().min(0),
]);

const permitList = defineList(
  'permits',
  'asc',
  { startedAt: syncLogs.startedAt, permitId: syncLogs.permit },
  [keyTime, keyText],
);

/** The call log has every call before it is sent. */
const permitColumns = {
  permitId: sql<string>`${syncLogs.permit}`,
  budget: sql<BudgetName>`${syncLogs.endpoint}`,
  lane: sql<Lane>`${syncLogs.lane}`,
  target: syncLogs.target,
  program: syncLogs.caller,
  reason: syncLogs.because,
  freshUntil: syncLogs.freshUntil,
  startedAt: syncLogs.startedAt,
  durationMs: syncLogs.durationMs,
  status: syncLogs.status,
};

const tags = ['coordination'];
const dayMs = 86_400_000;
/** Max waiting requests listed per budget. */
const maxRequests = 1_000;

export const coordinationRoutes = [
  endpoint('get', '/v1/coordination', 'getCoordination', {
    tags,
    summary: 'Get rate limit usage, conflicts, queue and data sources',
    responses: jsonResponses('The current state', coordinationShape),
    handler: async (c, { db, limiter }) => {
      // The limiter's state is worth returning even without the database.
      const knownSources = findSources(db).catch((error: unknown) => {
        if (isDatabaseUnavailable(error)) return null;
        throw error;
      });
      const [status, sources] = await Promise.all([limiter.status(), knownSources]);
      return c.json(coordinationView(status, sources), 200);
    },
  }),

  endpoint('get', '/v1/queue', 'getQueue', {
    tags,
    summary: 'List all requests that wait for a permit, by budget and lane, with estimates',
    responses: jsonResponses('The current queue', queueShape),
    handler: async (c, services) => {
      const known = await Promise.all(
        accountsOf(services).map(async ({ upstream, limiter }) => {
          const { windows } = await limiter.windows({ waiting: maxRequests });
          return { upstream, windows };
        }),
      );
      return c.json(queueView(known, services.clock.now()), 200);
    },
  }),

  endpoint('get', '/v1/conflicts', 'listConflicts', {
    tags,
    summary: 'List conflicts (one lane delayed by another), newest first; kept for RETENTION_HISTORY',
    request: { query: z.object(pageQuery(conflictList)) },
    responses: jsonResponses('A page of conflicts', listOf(conflictShape), 400),
    handler: async (c, { db, account }) => {
      const ofAccount = eq(conflicts.account, account);
      const all = db.select().from(conflicts).$dynamic();
      return c.json(await readPage(all, conflictList, c.req.valid('query'), conflictView, ofAccount), 200);
    },
  }),

  endpoint('get', '/v1/permits', 'listPermits', {
    tags,
    summary: 'List the permits of calls and their results, oldest first; kept for RETENTION_HISTORY',
    request: {
      query: z.object({
        since: timeParam.optional().openapi({ description: 'Default: 24 hours ago' }),
        budget: oneOf(budgetNames).optional(),
        ...pageQuery(permitList),
      }),
    },
    responses: jsonResponses('A page of permits', listOf(permitShape), 400),
    handler: async (c, { db, clock, account }) => {
      const { since, budget, ...page } = c.req.valid('query');
      const from = since === undefined ? clock.now() - dayMs : Date.parse(since);
      const where = and(
        eq(syncLogs.account, account),
        isNotNull(syncLogs.permit),
        gte(syncLogs.startedAt, from),
        budget && eq(syncLogs.endpoint, budget),
      );
      const all = db.select(permitColumns).from(syncLogs).$dynamic();
      return c.json(await readPage(all, permitList, page, permitView, where), 200);
    },
  }),
];
