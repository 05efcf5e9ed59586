import { createRoute, z } from '@hono/zod-openapi';
import { findEvent, listEvents } from '../adapters/events.ts';
import { eventDetailView, eventView } from '../core/event.ts';
import { pageOf } from '../core/page.ts';
import { Event, EventDetail } from '../http/components.ts';
import { keyMoment, keyText, listOf, pageQuery, textId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  tags: ['events'],
  summary: 'Events by their start, each with its signup counts and their age',
  request: {
    query: z.object({
      when: z
        .enum(['upcoming', 'all'], 'must be upcoming or all')
        .default('upcoming')
        .openapi({ description: 'Those that have not started yet, or those of the past too' }),
      ...pageQuery('events', z.tuple([keyMoment, keyText])),
    }),
  },
  responses: {
    200: { description: 'A page of events', content: { 'application/json': { schema: listOf(Event) } } },
    ...problems(400, 401, 503),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/events/{eventId}',
  operationId: 'getEvent',
  tags: ['events'],
  summary: 'One event, with everything upstream says of it',
  request: { params: z.object({ eventId: textId }) },
  responses: {
    200: { description: 'The event', content: { 'application/json': { schema: EventDetail } } },
    ...problems(400, 401, 404, 503),
  },
});

export const eventRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const { when, limit, cursor } = c.req.valid('query');
    const now = clock.now();
    const rows = await listEvents(db, when === 'upcoming' ? now : undefined, { limit, after: cursor });
    const keyOf = ({ startsAt, eventId }: (typeof rows)[number]) => [startsAt, eventId];
    return c.json(
      pageOf('events', rows, limit, (row) => eventView(row, now), keyOf),
      200,
    );
  });

  app.openapi(one, async (c) => {
    const { eventId } = c.req.valid('param');
    const event = await findEvent(db, eventId);
    if (!event) throw new Problem('not-found', `Event ${eventId} is not stored`);
    return c.json(eventDetailView(event, clock.now()), 200);
  });
};
