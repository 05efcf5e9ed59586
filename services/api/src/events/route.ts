import { z } from '@hono/zod-openapi';
import { listOf, pageOf, pageQuery, textId } from '../http/params.ts';
import { found, problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import {
  eventList,
  findEvent,
  findResultsStatus,
  listEvents,
  listResults,
  listSignups,
  resultList,
  signupList,
} from './query.ts';
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

const tags = ['events'];
const params = z.object({ eventId: textId });

const list = route('get', '/v1/events', 'listEvents', {
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
  responses: { 200: jsonOf('A page of events', listOf(eventShape)), ...problems(400, 401, 503) },
});

const one = route('get', '/v1/events/{eventId}', 'getEvent', {
  tags,
  summary: 'One event, with everything upstream says of it',
  request: { params },
  responses: { 200: jsonOf('The event', eventDetailShape), ...problems(400, 401, 404, 503) },
});

const signups = route('get', '/v1/events/{eventId}/signups', 'listSignups', {
  tags,
  summary: 'The signups of an event, pen by pen, withdrawn ones flagged',
  request: { params, query: z.object(pageQuery(signupList)) },
  responses: { 200: jsonOf('A page of signups', listOf(signupShape)), ...problems(400, 401, 404, 503) },
});

const resultsShape = z
  .object({ ...resultsStatusShape.shape, ...listOf(resultShape).shape })
  .openapi('Results');
const results = route('get', '/v1/events/{eventId}/results', 'listResults', {
  tags,
  summary: 'How an event ended, pen by pen, and how far its results are',
  request: { params, query: z.object(pageQuery(resultList)) },
  responses: { 200: jsonOf('A page of results', resultsShape), ...problems(400, 401, 404, 503) },
});

const notStored = (eventId: string) => `Event ${eventId} is not stored`;

export const eventRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const { when, ...page } = c.req.valid('query');
    const now = clock.now();
    const rows = await listEvents(db, when === 'upcoming' ? now : undefined, page);
    return c.json(pageOf(eventList, rows, page.limit, eventView(now)), 200);
  });

  app.openapi(one, async (c) => {
    const { eventId } = c.req.valid('param');
    const event = found(await findEvent(db, eventId), notStored(eventId));
    return c.json({ ...eventView(clock.now())(event), raw: event.raw }, 200);
  });

  app.openapi(signups, async (c) => {
    const { eventId } = c.req.valid('param');
    const page = c.req.valid('query');
    found(await findResultsStatus(db, eventId), notStored(eventId));
    const rows = await listSignups(db, eventId, page);
    return c.json(pageOf(signupList, rows, page.limit, signupView(clock.now())), 200);
  });

  app.openapi(results, async (c) => {
    const { eventId } = c.req.valid('param');
    const page = c.req.valid('query');
    const status = found(await findResultsStatus(db, eventId), notStored(eventId));
    const rows = await listResults(db, eventId, page);
    const items = pageOf(resultList, rows, page.limit, resultView);
    return c.json({ ...resultsStatusView(status, clock.now()), ...items }, 200);
  });
};
