import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { fakeStatus, idleStatus } from '../testing/services.ts';
import { someTime } from '../testing/rows.ts';

let test: TestApi;

beforeAll(async () => {
  test = await startTestApi();
  const common = { account: 'key-0', address: 'http://127.0.0.1', since: someTime, refusals: 0, probes: 0 };
  await test.db.insert(tables.sources).values([
    { ...common, source: 'signups', state: 'available' },
    {
      ...common,
      source: 'events',
      state: 'unavailable',
      refusals: 1,
      status: 404,
      message: 'Upstream answered 404: not found',
      advice: 'Check ZWIFTRACING_EVENTS_PATH',
      rawStart: '{"error":"Not found"}',
      probeAt: someTime + 300_000,
      probes: 1,
    },
  ]);
});
afterAll(() => test?.stop());

describe('GET /v1/sources', () => {
  it('lists every source with its availability and what is wrong', async () => {
    const { status, body } = await test.get('/v1/sources');
    expect(status).toBe(200);
    const nothing = { status: null, reason: null, advice: null, rawStart: null, nextTryAt: null };
    const unknown = { state: 'unknown', since: null, ...nothing };
    expect(body).toEqual({
      items: [
        { source: 'clubs', ...unknown },
        { source: 'riders', ...unknown },
        { source: 'results', ...unknown },
        {
          source: 'events',
          state: 'unavailable',
          since: '2026-03-01T12:00:00.000Z',
          status: 404,
          reason: 'Upstream answered 404: not found',
          advice: 'Check ZWIFTRACING_EVENTS_PATH',
          rawStart: '{"error":"Not found"}',
          nextTryAt: '2026-03-01T12:05:00.000Z',
        },
        { source: 'signups', state: 'available', since: '2026-03-01T12:00:00.000Z', ...nothing },
      ],
      next: null,
    });
  });

  it('agrees with the coordination', async () => {
    const limiter = await fakeStatus(await test.busOf('limiter'), idleStatus);
    const { body } = await test.get('/v1/coordination');
    expect(body.sources).toMatchObject({ events: 'unavailable', signups: 'available', clubs: 'unknown' });
    await limiter.stop();
  });
});
