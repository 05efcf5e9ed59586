import { createRoute, z } from '@hono/zod-openapi';
import { eventExists, listSignups } from '../adapters/events.ts';
import { signupView } from '../core/event.ts';
import { pageOf } from '../core/page.ts';
import { Signup } from '../http/components.ts';
import { keyText, largestId, listOf, pageQuery, textId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/events/{eventId}/signups',
  operationId: 'listSignups',
  tags: ['events'],
  summary: 'The signups of an event, pen by pen, withdrawn ones flagged',
  request: {
    params: z.object({ eventId: textId }),
    query: z.object(pageQuery('signups', z.tuple([keyText, z.int().min(1).max(largestId)]))),
  },
  responses: {
    200: { description: 'A page of signups', content: { 'application/json': { schema: listOf(Signup) } } },
    ...problems(400, 401, 404, 503),
  },
});

export const signupRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const { eventId } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    if (!(await eventExists(db, eventId))) throw new Problem('not-found', `Event ${eventId} is not stored`);
    const rows = await listSignups(db, eventId, { limit, after: cursor });
    const now = clock.now();
    const keyOf = ({ pen, riderId }: (typeof rows)[number]) => [pen, riderId];
    return c.json(
      pageOf('signups', rows, limit, (row) => signupView(row, now), keyOf),
      200,
    );
  });
};
