import { createRoute } from '@hono/zod-openapi';
import { iso } from '../core/times.ts';
import { Clock } from '../http/components.ts';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const read = createRoute({
  method: 'get',
  path: '/v1/clock',
  operationId: 'getClock',
  tags: ['operations'],
  summary: 'What time it is here, and how fast it passes',
  responses: {
    200: { description: 'Now', content: { 'application/json': { schema: Clock } } },
    ...problems(401),
  },
});

export const clockRoutes: AddRoutes = (app, { clock }) => {
  app.openapi(read, (c) => c.json({ now: iso(clock.now()), scale: clock.scale }, 200));
};
