import { type Database, isOurs, tables } from '@paceline/shared/database';
import { and, eq, gte, isNotNull, lt } from 'drizzle-orm';
import {
  contains,
  countedListOf,
  cursorParam,
  defineList,
  flagParam,
  ifFlag,
  keyId,
  keyText,
  keyTime,
  limitParam,
  listOf,
  oneOf,
  pageOf,
  pageQuery,
  readPage,
  readRows,
  searchParam,
  textId,
  timeParam,
} from '../http/params.ts';
import { z } from '@hono/zod-openapi';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { orderParam, pageOfList, sortable } from '../http/sort.ts';
import { countSignups } from './counts.ts';
import { countPens, findEvent, hasOurs, listed, resultColumns, signupColumns } from './query.ts';
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

const { events, results, signups } = tables;

const { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt } = events;
const resultsStatus = { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt };

const eventSorts = sortable(
  'events',
  { field: 'eventId', column: events.eventId, key: keyText },
  { startsAt: { field: 'startsAt', column: events.startsAt, key: keyTime } },
);

async function findResultsStatus(db: Database, eventId: string) {
  const [status] = await db.select(resultsStatus).from(events).where(eq(events.eventId, eventId));
  return status;
}

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
const nameParam = z
  .string()
  .regex(/^[^\0]{1,200}$/, 'must be 1 to 200 characters')
  .optional();

const startsIn = { upcoming: gte, past: lt, all: undefined } as const;
const periods = ['upcoming', 'past', 'all'] as const;

const resultsShape = z
  .object({ ...resultsStatusShape.shape, ...listOf(resultShape).shape })
  .openapi('Results');
const notStored = (eventId: string) => `Event ${eventId} is not stored`;

export const eventRoutes = [
  endpoint('get', '/v1/events', 'listEvents', {
    tags,
    summary: 'List events by start time, each with its signup counts and their age',
    description: 'Signups are counted with each new copy of them, and every few seconds.',
    request: {
      query: z.object({
        when: oneOf(periods)
          .default('upcoming')
          .openapi({ default: 'upcoming', description: 'upcoming: events that have not started yet' }),
        from: timeParam.optional().openapi({ description: 'Only events that start at this time or later' }),
        to: timeParam.optional().openapi({ description: 'Only events that start before this time' }),
        type: nameParam.openapi({ description: 'Only events of this type', example: 'Race' }),
        q: searchParam('Part of the title, case-insensitive', 'Watopia'),
        ours: flagParam('true: only events with a signup of one of our riders; false: only the others'),
        order: orderParam
          .optional()
          .openapi({ description: 'By start time; default asc, for past events desc' }),
        limit: limitParam,
        cursor: cursorParam,
      }),
    },
    responses: jsonResponses('A page of events', countedListOf(eventShape), 400),
    handler: async (c, { db, refreshPlan, recentCounts }) => {
      const { when, from, to, type, q, ours, order, ...query } = c.req.valid('query');
      const list = eventSorts.listBy('startsAt', order ?? (when === 'past' ? 'desc' : 'asc'));
      const page = pageOfList(list, query);
      const plan = await refreshPlan();
      const where = and(
        startsIn[when]?.(events.startsAt, plan.now),
        from === undefined ? undefined : gte(events.startsAt, Date.parse(from)),
        to === undefined ? undefined : lt(events.startsAt, Date.parse(to)),
        type === undefined ? undefined : eq(events.type, type),
        contains(events.title, q),
        ifFlag(ours, hasOurs),
      );
      const all = db.select(listed).from(events).$dynamic();
      const [rows, total] = await Promise.all([readRows(all, list, page, where), db.$count(events, where)]);
      const counts = await recentCounts(rows, plan.now);
      const view = (row: (typeof rows)[number]) => eventView(row, counts(row), plan);
      return c.json({ ...pageOf(list, rows, page.limit, view), total }, 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}', 'getEvent', {
    tags,
    summary: 'Get an event, with its pens and all data from upstream',
    request: { params },
    responses: jsonResponses('The event', eventDetailShape, 400, 404),
    handler: async (c, { db, refreshPlan }) => {
      const { eventId } = c.req.valid('param');
      const event = requireFound(await findEvent(db, eventId), notStored(eventId));
      const plan = await refreshPlan();
      const [counts, pens] = await Promise.all([countSignups(db)([event], plan.now), countPens(db, eventId)]);
      return c.json({ ...eventView(event, counts(event), plan), pens, raw: event.raw }, 200);
    },
  }),

  endpoint('get', '/v1/events/{eventId}/signups', 'listSignups', {
    tags,
    summary: 'List the signups of an event by pen, including withdrawn ones',
    request: {
      params,
      query: z.object({
        pen: nameParam.openapi({ description: 'Only signups for this pen', example: 'B' }),
        ours: flagParam('true: only our riders; false: only the others'),
        withdrawn: flagParam('true: only withdrawn signups; false: only current ones'),
        ...pageQuery(signupList),
      }),
    },
    responses: jsonResponses('A page of signups', countedListOf(signupShape), 400, 404),
    handler: async (c, { db, clock }) => {
      const { eventId } = c.req.valid('param');
      const { pen, ours, withdrawn, ...page } = c.req.valid('query');
      requireFound(await findResultsStatus(db, eventId), notStored(eventId));
      const where = and(
        eq(signups.eventId, eventId),
        pen === undefined ? undefined : eq(signups.pen, pen),
        ifFlag(ours, isOurs(signups.riderId)),
        ifFlag(withdrawn, isNotNull(signups.withdrawnAt)),
      );
      const all = db.select(signupColumns).from(signups).$dynamic();
      const [items, total] = await Promise.all([
        readPage(all, signupList, page, signupView(clock.now()), where),
        db.$count(signups, where),
      ]);
      return c.json({ ...items, total }, 200);
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
      const all = db.select(resultColumns).from(results).$dynamic();
      const ofEvent = eq(results.eventId, eventId);
      const page = await readPage(all, resultList, c.req.valid('query'), resultView, ofEvent);
      return c.json({ ...resultsStatusView(status, clock.now()), ...page }, 200);
    },
  }),
];
