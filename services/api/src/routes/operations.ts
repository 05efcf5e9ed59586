import { createRoute, z } from '@hono/zod-openapi';
import { readiness } from '@paceline/shared/runtime';
import { metricsText } from '@paceline/shared/telemetry';
import { problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const live = createRoute({
  method: 'get',
  path: '/livez',
  operationId: 'getLiveness',
  tags: ['operations'],
  summary: 'Whether the process turns',
  security: [],
  responses: { 200: { description: 'It does', content: { 'text/plain': { schema: z.string() } } } },
});

const state = z
  .object({ ready: z.boolean(), checks: z.record(z.string(), z.string()).describe('`ok`, or why not') })
  .openapi('Readiness');

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  tags: ['operations'],
  summary: 'Whether the database and the broker answer',
  security: [],
  responses: {
    200: { description: 'They do', content: { 'application/json': { schema: state } } },
    503: { description: 'One does not', content: { 'application/json': { schema: state } } },
  },
});

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  tags: ['operations'],
  summary: 'Metrics in the Prometheus text format',
  responses: {
    200: { description: 'All metrics', content: { 'text/plain': { schema: z.string() } } },
    ...problems(401),
  },
});

export const operationRoutes: AddRoutes = (app, { checks }) => {
  app.openapi(live, (c) => c.text('ok\n', 200));

  app.openapi(ready, async (c) => {
    const answer = await readiness(checks);
    return c.json({ ready: answer.ready, checks: { ...answer.checks } }, answer.ready ? 200 : 503);
  });

  app.openapi(metrics, async (c) =>
    c.text(await metricsText(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
};
