import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { playLimiter, idleStatus } from '../testing/services.ts';
import { someTime } from '../testing/rows.ts';

let test: TestApi;

beforeAll(async () => {
  test = await startTestApi();
  const asked = { account: 'key-0', address: 'http://127.0.0.1', since: someTime, refusals: 0, probes: 0 };
  await test.db.insert(tables.sources).values([
    { ...asked, source: 'signups', state: 'available' },
    {
      ...asked,
      source: 'events',
      state: 'unavailable',
      refusals: 1,
      status: 404,
      message: 'Upstream answered 404: it knows no such thing',
      advice: 'Is ZWIFTRACING_EVENTS_PATH right?',
      rawStart: '{"error":"Not found"}',
      probeAt: someTime + 300_000,
      probes: 1,
    },
  ]);
});
afterAll(() => test?.stop());

describe('GET /v1/sources', () => {
  it('says of every source whether upstream gives it to us, and why not', async () => {
    const { status, body } = await test.get('/v1/sources');
    expect(status).toBe(200);
    const nothing = { status: null, message: null, advice: null, rawStart: null, nextTryAt: null };
    const unknown = { state: 'unknown', since: null, ...nothing };
    expect(body).toEqual({
      sources: [
        { source: 'clubs', ...unknown },
        { source: 'riders', ...unknown },
        { source: 'results', ...unknown },
        {
          source: 'events',
          state: 'unavailable',
          since: '2026-03-01T12:00:00.000Z',
          status: 404,
          message: 'Upstream answered 404: it knows no such thing',
          advice: 'Is ZWIFTRACING_EVENTS_PATH right?',
          rawStart: '{"error":"Not found"}',
          nextTryAt: '2026-03-01T12:05:00.000Z',
        },
        { source: 'signups', state: 'available', since: '2026-03-01T12:00:00.000Z', ...nothing },
      ],
    });
  });

  it('is seen in the coordination too', async () => {
    const limiter = await playLimiter(await test.busOf('limiter'), idleStatus);
    const { body } = await test.get('/v1/coordination');
    expect(body.sources).toMatchObject({ events: 'unavailable', signups: 'available', clubs: 'unknown' });
    await limiter.stop();
  });
});
