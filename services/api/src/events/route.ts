import { type Database, tables } from '@paceline/shared/database';
import { count, eq, gte, inArray, isNull, sql } from 'drizzle-orm';
import {
  columnsBut,
  defineList,
  keyId,
  keyMoment,
  keyText,
  readPage,
  rowsOf,
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
import { found } from '../http/problem.ts';
import { answers, endpoint } from '../http/route.ts';

const { events, results, signups } = tables;

const { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt } = events;
const resultsStatus = { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt };
const listed = columnsBut(events, 'raw', 'firstSeenAt', 'delistedAt', 'signupsListedThen');

const eventList = defineList('events', 'asc', { startsAt: events.startsAt, eventId: events.eventId }, [
  keyMoment,
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

/** Riders who did not finish come after all who did. */
const behindAll = 2_147_483_647;

const resultList = defineList(
  'results',
  'asc',
  { pen: results.pen, positionInPen: results.positionInPen, riderId: results.riderId },
  [z.string().max(200), z.int().min(0).max(behindAll), keyId],
  { pen: '', positionInPen: behindAll },
);

const tags = ['events'];
const params = z.object({ eventId: textId });

const resultsShape = z
  .object({ ...resultsStatusShape.shape, ...listOf(resultShape).shape })
  .openapi('Results');
const notStored = (eventId: string) => `Event ${eventId} is not stored`;

export const eventRoutes = [
  endpoint('get', '/v1/events', 'listEvents', {
    tags,
    summary: 'Events by their start, each with its signup counts and their age',
    request: {
      query: z.object({
        when: z
          .enum(['upcoming', 'all'], 'must be upcoming or all')
          .default('upcoming')
          .openapi({ description: 'Those that have not started yet, or those of the past too' }),
        ...pageQuery(eventList),
      }),
    },
    responses: answers('A page of events', listOf(eventShape), 400),
    answer: async (c, { db, clock }) => {
      const { when, ...page } = c.req.valid('query');
      const now = clock.now();
      const all = db.select(listed).from(events).$dynamic();
      const rows = await rowsOf(all, eventList, page, when === 'all' ? undefined : gte(events.startsAt, now));
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
    summary: 'One event, with everything upstream says of it',
    request: { params },
    responses: answers('The event', eventDetailShape, 400, 404),
    answer: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      const event = found(await findEvent(db, eventId), notStored(eventId));
      return c.json({ ...eventView(clock.now())(event), raw: event.raw }, 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}/signups', 'listSignups', {
    tags,
    summary: 'The signups of an event, pen by pen, withdrawn ones flagged',
    request: { params, query: z.object(pageQuery(signupList)) },
    responses: answers('A page of signups', listOf(signupShape), 400, 404),
    answer: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      found(await findResultsStatus(db, eventId), notStored(eventId));
      const all = db.select(signupColumns).from(signups).$dynamic();
      const view = signupView(clock.now());
      const ours = eq(signups.eventId, eventId);
      return c.json(await readPage(all, signupList, c.req.valid('query'), view, ours), 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}/results', 'listResults', {
    tags,
    summary: 'How an event ended, pen by pen, and how far its results are',
    request: { params, query: z.object(pageQuery(resultList)) },
    responses: answers('A page of results', resultsShape, 400, 404),
    answer: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      const status = found(await findResultsStatus(db, eventId), notStored(eventId));
      const all = db
        .select(columnsBut(results, 'eventId', 'raw'))
        .from(results)
        .$dynamic();
      const ours = eq(results.eventId, eventId);
      const page = await readPage(all, resultList, c.req.valid('query'), resultView, ours);
      return c.json({ ...resultsStatusView(status, clock.now()), ...page }, 200);
    },
  }),
];
