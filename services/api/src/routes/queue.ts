import { createRoute } from '@hono/zod-openapi';
import { queueView } from '../core/queue.ts';
import { Queue } from '../http/components.ts';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const shown = 1_000;

const read = createRoute({
  method: 'get',
  path: '/v1/queue',
  operationId: 'getQueue',
  tags: ['coordination'],
  summary: 'Everybody who waits for a permit, by budget and lane, and when each is expected to go',
  responses: {
    200: { description: 'As of now', content: { 'application/json': { schema: Queue } } },
    ...problems(401, 503),
  },
});

export const queueRoutes: AddRoutes = (app, { budgets, clock }) => {
  app.openapi(read, async (c) => {
    const { windows } = await budgets.windows({ waiting: shown });
    return c.json(queueView(windows, clock.now()), 200);
  });
};
