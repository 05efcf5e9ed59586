import { tables, isDatabaseUnavailable } from '@paceline/shared/database';
import { and, eq, gte, inArray, isNotNull, type SQL, sql } from 'drizzle-orm';
import { defineList, keyTime, keyText, readPage, listOf, timeParam, pageQuery } from '../http/params.ts';
import { findBudget, type ShownAccount, upstreamsOf } from '../budgets/accounts.ts';
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
  account: sql<string>`${syncLogs.account}`,
  endpoint: syncLogs.endpoint,
  lane: sql<string>`${syncLogs.lane}`,
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

const namesOf = (accounts: readonly ShownAccount[]): string[] => accounts.map(({ account }) => account);

/** The calls that count in a budget. @throws {Problem} when there is no such budget */
function countsIn(accounts: readonly ShownAccount[], id: string): SQL | undefined {
  const { account, upstream, budget } = findBudget(accounts, id);
  const endpoints = Object.entries(upstream.endpoints).filter(([, { budgets }]) => budgets.includes(budget));
  const names = endpoints.map(([name]) => name);
  return and(eq(syncLogs.account, account), inArray(syncLogs.endpoint, names));
}

export const coordinationRoutes = [
  endpoint('get', '/v1/coordination', 'getCoordination', {
    tags,
    summary: 'Get rate limit usage, conflicts, queue and data sources',
    responses: jsonResponses('The current state', coordinationShape),
    handler: async (c, { db, accounts }) => {
      // The limiter's state is worth returning even without the database.
      const knownSources = findSources(db).catch((error: unknown) => {
        if (isDatabaseUnavailable(error)) return null;
        throw error;
      });
      const statuses = accounts.map(async ({ upstream, limiter }) => ({
        upstream,
        status: await limiter.status(),
      }));
      const [sources, ...known] = await Promise.all([knownSources, ...statuses]);
      return c.json(coordinationView(known, sources), 200);
    },
  }),

  endpoint('get', '/v1/queue', 'getQueue', {
    tags,
    summary: 'List all requests that wait for a permit, by budget and lane, with estimates',
    responses: jsonResponses('The current queue', queueShape),
    handler: async (c, { accounts, clock }) => {
      const known = await Promise.all(
        accounts.map(async ({ upstream, limiter }) => {
          const { windows } = await limiter.windows({ waiting: maxRequests });
          return { upstream, windows };
        }),
      );
      return c.json(queueView(known, clock.now()), 200);
    },
  }),

  endpoint('get', '/v1/conflicts', 'listConflicts', {
    tags,
    summary: 'List conflicts (one lane delayed by another), newest first; kept for RETENTION_HISTORY',
    request: { query: z.object(pageQuery(conflictList)) },
    responses: jsonResponses('A page of conflicts', listOf(conflictShape), 400),
    handler: async (c, { db, accounts }) => {
      const shown = inArray(conflicts.account, namesOf(accounts));
      const all = db.select().from(conflicts).$dynamic();
      return c.json(await readPage(all, conflictList, c.req.valid('query'), conflictView, shown), 200);
    },
  }),

  endpoint('get', '/v1/permits', 'listPermits', {
    tags,
    summary: 'List the permits of calls and their results, oldest first; kept for RETENTION_HISTORY',
    request: {
      query: z.object({
        since: timeParam.optional().openapi({ description: 'Default: 24 hours ago' }),
        budget: z
          .string()
          .optional()
          .openapi({ description: 'Only calls that count in this budget', example: 'signups' }),
        ...pageQuery(permitList),
      }),
    },
    responses: jsonResponses('A page of permits', listOf(permitShape), 400),
    handler: async (c, { db, clock, accounts }) => {
      const { since, budget, ...page } = c.req.valid('query');
      const from = since === undefined ? clock.now() - dayMs : Date.parse(since);
      const where = and(
        budget === undefined ? inArray(syncLogs.account, namesOf(accounts)) : countsIn(accounts, budget),
        isNotNull(syncLogs.permit),
        gte(syncLogs.startedAt, from),
      );
      const all = db.select(permitColumns).from(syncLogs).$dynamic();
      return c.json(await readPage(all, permitList, page, permitView(upstreamsOf(accounts)), where), 200);
    },
  }),
];
