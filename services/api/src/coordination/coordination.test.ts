import type { Bus } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { fakeStatus, idleStatus } from '../testing/services.ts';
import { someTime } from '../testing/rows.ts';

let test: TestApi;
let limiterBus: Bus;

beforeAll(async () => {
  test = await startTestApi();
  limiterBus = await test.busOf('limiter');
});
afterAll(() => test?.stop());

describe('GET /v1/coordination', () => {
  it('returns usage, conflicts, queue and sources in the documented shape', async () => {
    const limiter = await fakeStatus(limiterBus, () => ({
      ...idleStatus({
        clubs: { used: 1, available: 0, resetAt: someTime },
        riders_single: { used: 3, available: 2, resetAt: null },
      }),
      conflicts: {
        count: 4,
        lastConflict: {
          account: 'key-0',
          lane: 'far_event_sync',
          blockedBy: 'near_event_urgent',
          endpoint: 'signups',
          at: someTime,
          expectedWaitMs: 60_000,
        },
      },
      queue: { pending: 2, avgWaitTime: 1_500.5, maxWaitTime: 3_000 },
    }));
    const { status, body } = await test.get('/v1/coordination');
    const free = { used: 0, available: 1, freeAt: null };
    expect(status).toBe(200);
    expect(body).toEqual({
      rateLimitUsage: {
        clubs: { used: 1, available: 0, freeAt: '2026-03-01T12:00:00.000Z' },
        riders_bulk: free,
        riders_single: { used: 3, available: 2, freeAt: null },
        results: free,
        events: free,
        signups: free,
      },
      conflicts: {
        count: 4,
        lastConflict: {
          at: '2026-03-01T12:00:00.000Z',
          upstream: 'zwiftracing',
          budget: 'signups',
          blocked: 'far_event_sync',
          blockedBy: 'near_event_urgent',
          expectedWaitSeconds: 60,
        },
      },
      queue: { pending: 2, avgWaitSeconds: 1.5005, maxWaitSeconds: 3 },
      sources: {
        clubs: 'unknown',
        riders: 'unknown',
        events: 'unknown',
        signups: 'unknown',
        results: 'unknown',
      },
    });
    await limiter.stop();
  });

  it('has no last conflict before the first one', async () => {
    const limiter = await fakeStatus(limiterBus, idleStatus);
    const { body } = await test.get('/v1/coordination');
    expect(body.conflicts).toEqual({ count: 0, lastConflict: null });
    await limiter.stop();
  });

  it('returns 503 with Retry-After while the limiter does not answer', async () => {
    const { status, headers, body } = await test.get('/v1/coordination');
    expect(status).toBe(503);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('retry-after')).toBe('5');
    expect(body).toMatchObject({
      type: '/docs/problems#unavailable',
      detail: 'The limiter does not answer',
      instance: '/v1/coordination',
    });
  });
});
