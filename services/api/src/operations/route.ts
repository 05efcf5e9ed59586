import { z } from '@hono/zod-openapi';
import { readiness } from '@paceline/shared/runtime';
import { metricsText } from '@paceline/shared/telemetry';
import { problems } from '../http/problem.ts';
import { endpoint, jsonOf } from '../http/route.ts';
import { iso, time } from '../http/view.ts';

const tags = ['operations'];
const textOf = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } });

const readinessShape = z
  .object({ ready: z.boolean(), checks: z.record(z.string(), z.string()).describe('`ok`, or what is wrong') })
  .openapi('Readiness');
const clockShape = z
  .object({
    now: time,
    scale: z.number().describe('Speed of the clock: 1, or more against a sandbox'),
  })
  .openapi('Clock');

export const operationRoutes = [
  endpoint('get', '/livez', 'getLiveness', {
    tags,
    summary: 'Liveness probe',
    security: [],
    responses: { 200: textOf('The process is alive') },
    handler: (c) => c.text('ok\n', 200),
  }),

  endpoint('get', '/readyz', 'getReadiness', {
    tags,
    summary: 'Readiness probe: database and broker',
    security: [],
    responses: { 200: jsonOf('Ready', readinessShape), 503: jsonOf('Not ready', readinessShape) },
    handler: async (c, { checks }) => {
      const { ready, checks: results } = await readiness(checks());
      return c.json({ ready, checks: { ...results } }, ready ? 200 : 503);
    },
  }),

  endpoint('get', '/metrics', 'getMetrics', {
    tags,
    summary: 'Metrics in the Prometheus text format',
    responses: { 200: textOf('All metrics'), ...problems(401) },
    handler: async (c) =>
      c.text(await metricsText(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  }),

  endpoint('get', '/v1/clock', 'getClock', {
    tags,
    summary: "Get the time and speed of Paceline's clock",
    responses: { 200: jsonOf('The current time', clockShape), ...problems(401) },
    handler: (c, { clock }) => c.json({ now: iso(clock.now()), scale: clock.scale }, 200),
  }),
];
