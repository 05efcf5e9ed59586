import { tables, isDatabaseUnavailable } from '@paceline/shared/database';
import { and, eq, gte, inArray, isNotNull, type SQL, sql } from 'drizzle-orm';
import { defineList, keyTime, keyText, readPage, listOf, timeParam, pageQuery } from '../http/params.ts';
import { accountsOf, type ShownAccount } from '../budgets/accounts.ts';
import { endpointId } from '../budgets/view.ts';
import { Problem } from '../http/problem.ts';
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
import type { Lane } from '@paceline/shared/definition';
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
  lane: sql<Lane>`${syncLogs.lane}`,
  target: syncLogs.target,
  program: syncLogs.caller,
  reason: syncLogs.because,
  freshUntil: syncLogs.freshUntil,
  startedAt: syncLogs.startedAt,
  durationMs: syncLogs.durationMs,
  status: syncLogs.status,
};

/** The calls of these accounts, or those of one endpoint. @throws {Problem} when there is no such endpoint */
function ofEndpoints(accounts: readonly ShownAccount[], id: string | undefined): SQL | undefined {
  if (id === undefined)
    return inArray(
      syncLogs.account,
      accounts.map(({ account }) => account),
    );
  const known = accounts.flatMap(({ upstream, account }) =>
    Object.keys(upstream.endpoints).map((endpoint) => ({
      account,
      endpoint,
      id: endpointId(account, endpoint),
    })),
  );
  const found = known.find((each) => each.id === id);
  if (found) return and(eq(syncLogs.account, found.account), eq(syncLogs.endpoint, found.endpoint));
  const message = `must be one of ${known.map((each) => each.id).join(', ')}`;
  throw new Problem('invalid-input', `budget ${message}`, { errors: [{ field: 'budget', message }] });
}

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
    handler: async (c, services) => {
      const all = services.db.select().from(conflicts).$dynamic();
      const shown = inArray(
        conflicts.account,
        accountsOf(services).map(({ account }) => account),
      );
      return c.json(await readPage(all, conflictList, c.req.valid('query'), conflictView, shown), 200);
    },
  }),

  endpoint('get', '/v1/permits', 'listPermits', {
    tags,
    summary: 'List the permits of calls and their results, oldest first; kept for RETENTION_HISTORY',
    request: {
      query: z.object({
        since: timeParam.optional().openapi({ description: 'Default: 24 hours ago' }),
        budget: z.string().optional().openapi({ description: 'As in the answer', example: 'signups' }),
        ...pageQuery(permitList),
      }),
    },
    responses: jsonResponses('A page of permits', listOf(permitShape), 400),
    handler: async (c, services) => {
      const { db, clock } = services;
      const { since, budget, ...page } = c.req.valid('query');
      const from = since === undefined ? clock.now() - dayMs : Date.parse(since);
      const where = and(
        ofEndpoints(accountsOf(services), budget),
        isNotNull(syncLogs.permit),
        gte(syncLogs.startedAt, from),
      );
      const all = db.select(permitColumns).from(syncLogs).$dynamic();
      return c.json(await readPage(all, permitList, page, permitView, where), 200);
    },
  }),
];
