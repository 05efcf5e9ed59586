import { z } from '@hono/zod-openapi';
import { tables } from '@paceline/shared/database';
import { and, eq, gte } from 'drizzle-orm';
import { listed, resultColumns } from '../events/query.ts';
import {
  eventView,
  ownSignupView,
  riderEventShape,
  riderResultShape,
  riderResultView,
} from '../events/view.ts';
import {
  defineList,
  keyText,
  keyTime,
  listOf,
  pageOf,
  pageQuery,
  readPage,
  readRows,
} from '../http/params.ts';
import { requireFound } from '../http/problem.ts';
import { endpoint, jsonResponses } from '../http/route.ts';
import { notStored, params } from './route.ts';

const { events, results, signups } = tables;
const tags = ['riders'];

const byStart = { startsAt: events.startsAt, eventId: events.eventId };
const comingList = defineList('rider-events', 'asc', byStart, [keyTime, keyText]);
const resultList = defineList('rider-results', 'desc', byStart, [keyTime, keyText]);

export const riderEventRoutes = [
  endpoint('get', '/v1/riders/{riderId}/events', 'listRiderEvents', {
    tags,
    summary: 'List the upcoming events that a rider is or was signed up for, soonest first',
    request: { params, query: z.object(pageQuery(comingList)) },
    responses: jsonResponses('A page of events', listOf(riderEventShape), 400, 404),
    handler: async (c, { db, findRider, refreshPlan, recentCounts }) => {
      const { riderId } = c.req.valid('param');
      const page = c.req.valid('query');
      requireFound(await findRider(riderId), notStored(riderId));
      const plan = await refreshPlan();
      const own = { pen: signups.pen, withdrawnAt: signups.withdrawnAt, signedUpAt: signups.firstSeenAt };
      const all = db
        .select({ ...listed, ...own })
        .from(signups)
        .innerJoin(events, eq(events.eventId, signups.eventId))
        .$dynamic();
      const isComing = and(eq(signups.riderId, riderId), gte(events.startsAt, plan.now));
      const rows = await readRows(all, comingList, page, isComing);
      const counts = await recentCounts(rows, plan.now);
      const view = (row: (typeof rows)[number]) => ({
        ...eventView(row, counts(row), plan),
        signup: ownSignupView(row),
      });
      return c.json(pageOf(comingList, rows, page.limit, view), 200);
    },
  }),

  endpoint('get', '/v1/riders/{riderId}/results', 'listRiderResults', {
    tags,
    summary: 'List the results of a rider, newest first',
    request: { params, query: z.object(pageQuery(resultList)) },
    responses: jsonResponses('A page of results', listOf(riderResultShape), 400, 404),
    handler: async (c, { db, findRider }) => {
      const { riderId } = c.req.valid('param');
      requireFound(await findRider(riderId), notStored(riderId));
      const { eventId, title, startsAt } = events;
      const all = db
        .select({ ...resultColumns, eventId, title, startsAt })
        .from(results)
        .innerJoin(events, eq(events.eventId, results.eventId))
        .$dynamic();
      const ofRider = eq(results.riderId, riderId);
      return c.json(await readPage(all, resultList, c.req.valid('query'), riderResultView, ofRider), 200);
    },
  }),
];
