import { type Database, tables } from '@paceline/shared/database';
import { count, eq, gte, inArray, isNull, sql } from 'drizzle-orm';
import {
  columnsExcept,
  defineList,
  keyId,
  keyTime,
  keyText,
  readPage,
  readRows,
  listOf,
  pageOf,
  pageQuery,
  textId,
} from '../http/params.ts';
import {
  eventDetailShape,
  eventShape,
  eventView,
  resultShape,
  resultsStatusShape,
  resultsStatusView,
  resultView,
  signupShape,
  signupView,
} from './view.ts';
import { z } from '@hono/zod-openapi';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';

const { events, results, signups } = tables;

const { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt } = events;
const resultsStatus = { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt };
const listed = columnsExcept(events, 'raw', 'firstSeenAt', 'delistedAt', 'signupsListedThen');

const eventList = defineList('events', 'asc', { startsAt: events.startsAt, eventId: events.eventId }, [
  keyTime,
  keyText,
]);

async function findEvent(db: Database, eventId: string) {
  const [event] = await db
    .select({ ...listed, raw: events.raw })
    .from(events)
    .where(eq(events.eventId, eventId));
  if (!event) return undefined;
  const counts = await countSignups(db, [eventId]);
  return { ...event, counts: counts(eventId) };
}

async function countSignups(db: Database, eventIds: string[]) {
  const counted = await db
    .select({
      eventId: signups.eventId,
      current: sql<number>`count(*) filter (where ${isNull(signups.withdrawnAt)})`.mapWith(Number),
      all: count(),
    })
    .from(signups)
    .where(inArray(signups.eventId, eventIds))
    .groupBy(signups.eventId);
  const byEvent = new Map(
    counted.map(({ eventId, current, all }) => [eventId, { current, withdrawn: all - current }]),
  );
  return (eventId: string) => byEvent.get(eventId) ?? { current: 0, withdrawn: 0 };
}

async function findResultsStatus(db: Database, eventId: string) {
  const [status] = await db.select(resultsStatus).from(events).where(eq(events.eventId, eventId));
  return status;
}

const { riderId, name, pen, rating, firstSeenAt, lastSeenAt, withdrawnAt } = signups;
const signupColumns = { riderId, name, pen, rating, firstSeenAt, lastSeenAt, withdrawnAt };
const signupList = defineList('signups', 'asc', { pen: signups.pen, riderId: signups.riderId }, [
  keyText,
  keyId,
]);

/** Sorts riders who did not finish after all who did, also after those whose place is unknown. */
const afterAllFinishers = 2_147_483_647;

const { pen: resultPen, positionInPen, gapSeconds, riderId: resultRiderId } = results;
const resultList = defineList(
  'results',
  'asc',
  { pen: resultPen, positionInPen, gapSeconds, riderId: resultRiderId },
  [z.string().max(200), z.int().min(0).max(afterAllFinishers), z.number(), keyId],
  { pen: '', positionInPen: afterAllFinishers, gapSeconds: afterAllFinishers },
);

const tags = ['events'];
const params = z.object({ eventId: textId.openapi({ example: '24616572' }) });

const resultsShape = z
  .object({ ...resultsStatusShape.shape, ...listOf(resultShape).shape })
  .openapi('Results');
const notStored = (eventId: string) => `Event ${eventId} is not stored`;

export const eventRoutes = [
  endpoint('get', '/v1/events', 'listEvents', {
    tags,
    summary: 'List events by start time, each with its signup counts and their age',
    request: {
      query: z.object({
        when: z
          .enum(['upcoming', 'all'], 'must be upcoming or all')
          .default('upcoming')
          .openapi({ description: 'upcoming: events that have not started yet; all: past events too' }),
        ...pageQuery(eventList),
      }),
    },
    responses: jsonResponses('A page of events', listOf(eventShape), 400),
    handler: async (c, { db, clock }) => {
      const { when, ...page } = c.req.valid('query');
      const now = clock.now();
      const all = db.select(listed).from(events).$dynamic();
      const rows = await readRows(
        all,
        eventList,
        page,
        when === 'all' ? undefined : gte(events.startsAt, now),
      );
      const counts = await countSignups(
        db,
        rows.map(({ eventId }) => eventId),
      );
      const view = (row: (typeof rows)[number]) => eventView(now)({ ...row, counts: counts(row.eventId) });
      return c.json(pageOf(eventList, rows, page.limit, view), 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}', 'getEvent', {
    tags,
    summary: 'Get an event, with all data from upstream',
    request: { params },
    responses: jsonResponses('The event', eventDetailShape, 400, 404),
    handler: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      const event = requireFound(await findEvent(db, eventId), notStored(eventId));
      return c.json({ ...eventView(clock.now())(event), raw: event.raw }, 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}/signups', 'listSignups', {
    tags,
    summary: 'List the signups of an event by pen, including withdrawn ones',
    request: { params, query: z.object(pageQuery(signupList)) },
    responses: jsonResponses('A page of signups', listOf(signupShape), 400, 404),
    handler: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      requireFound(await findResultsStatus(db, eventId), notStored(eventId));
      const all = db.select(signupColumns).from(signups).$dynamic();
      const view = signupView(clock.now());
      const ofEvent = eq(signups.eventId, eventId);
      return c.json(await readPage(all, signupList, c.req.valid('query'), view, ofEvent), 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}/results', 'listResults', {
    tags,
    summary: 'List the results of an event by pen, finishers by place and then the others, with their state',
    request: { params, query: z.object(pageQuery(resultList)) },
    responses: jsonResponses('A page of results', resultsShape, 400, 404),
    handler: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      const status = requireFound(await findResultsStatus(db, eventId), notStored(eventId));
      const all = db
        .select(columnsExcept(results, 'eventId', 'raw'))
        .from(results)
        .$dynamic();
      const ofEvent = eq(results.eventId, eventId);
      const page = await readPage(all, resultList, c.req.valid('query'), resultView, ofEvent);
      return c.json({ ...resultsStatusView(status, clock.now()), ...page }, 200);
    },
  }),
];
