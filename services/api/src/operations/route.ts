import { z } from '@hono/zod-openapi';
import { readiness } from '@paceline/shared/runtime';
import { metricsText } from '@paceline/shared/telemetry';
import { problems } from '../http/problem.ts';
import { endpoint, jsonOf } from '../http/route.ts';
import { iso, time } from '../http/view.ts';

const tags = ['operations'];
const textOf = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } });

const readinessShape = z
  .object({ ready: z.boolean(), checks: z.record(z.string(), z.string()).describe('`ok`, or why not') })
  .openapi('Readiness');
const clockShape = z
  .object({
    now: time,
    scale: z.number().describe('Seconds that pass here in one of yours: 1, or more against a sandbox'),
  })
  .openapi('Clock');

export const operationRoutes = [
  endpoint('get', '/livez', 'getLiveness', {
    tags,
    summary: 'Whether the process turns',
    security: [],
    responses: { 200: textOf('It does') },
    answer: (c) => c.text('ok\n', 200),
  }),

  endpoint('get', '/readyz', 'getReadiness', {
    tags,
    summary: 'Whether the database and the broker answer',
    security: [],
    responses: { 200: jsonOf('They do', readinessShape), 503: jsonOf('One does not', readinessShape) },
    answer: async (c, { checks }) => {
      const answer = await readiness(checks);
      return c.json({ ready: answer.ready, checks: { ...answer.checks } }, answer.ready ? 200 : 503);
    },
  }),

  endpoint('get', '/metrics', 'getMetrics', {
    tags,
    summary: 'Metrics in the Prometheus text format',
    responses: { 200: textOf('All metrics'), ...problems(401) },
    answer: async (c) =>
      c.text(await metricsText(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  }),

  endpoint('get', '/v1/clock', 'getClock', {
    tags,
    summary: 'What time it is here, and how fast it passes',
    responses: { 200: jsonOf('Now', clockShape), ...problems(401) },
    answer: (c, { clock }) => c.json({ now: iso(clock.now()), scale: clock.scale }, 200),
  }),
];
