import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { createVirtualClock } from '@paceline/shared/clock';
import { OpenAPIHono } from '@hono/zod-openapi';
import { operationRoutes } from './route.ts';
import type { Services } from '../http/route.ts';

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const readyz = async () => {
  const { status, body } = await test.get('/readyz');
  return { status, ready: body.ready, ...body.checks };
};

describe('the probes', () => {
  it('report that the process is alive and ready', async () => {
    expect(await test.get('/livez')).toMatchObject({ status: 200, body: 'ok\n' });
    const checks = { database: 'ok', broker: 'ok', storage: 'ok' };
    expect(await readyz()).toEqual({ status: 200, ready: true, ...checks });
  });

  it('return metrics in the Prometheus format', async () => {
    const { status, headers } = await test.get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });
});

it('returns the time and the speed of the clock', async () => {
  const app = new OpenAPIHono();
  const clock = { ...createVirtualClock(0), now: () => Date.UTC(2026, 10, 26), scale: 60 };
  for (const add of operationRoutes) add(app, { clock } as unknown as Services);
  const response = await app.request('/v1/clock');
  expect(await response.json()).toEqual({ now: '2026-11-26T00:00:00.000Z', scale: 60 });
});
