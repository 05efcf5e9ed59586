import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings } from './testing.ts';
import { coordination, queueStats, windows } from './views.ts';

it('queue statistics count waiting requests per lane, and the longest wait per budget of forced and other lanes', () => {
  const limiter = createTestLimiter('signups');
  limiter.call('first');
  limiter.acquire('a', { lane: 'far_event_sync' });
  limiter.pass(2_000);
  limiter.acquire('b', { lane: 'far_event_sync' });
  limiter.acquire('c', { lane: 'near_event_urgent' });
  limiter.pass(1_000);
  const none = { forced: 0, scheduled: 0 };
  expect(queueStats(limiter.ledger(), 'team', limiter.now())).toEqual({
    lanes: {
      manual_rider_add: 0,
      near_event_urgent: 1,
      near_event_normal: 0,
      rider_sync: 0,
      far_event_sync: 2,
    },
    longest: {
      clubs: none,
      riders_bulk: none,
      riders_single: none,
      results: none,
      events: none,
      signups: { forced: 1_000, scheduled: 3_000 },
    },
  });
});

it('a window has the exact number of waiting requests per lane, however many are listed', () => {
  const limiter = createTestLimiter('signups');
  limiter.call('first');
  for (let index = 0; index < 1_200; index += 1) limiter.acquire(`far-${index}`, { lane: 'far_event_sync' });
  limiter.acquire('near', { lane: 'near_event_urgent' });
  limiter.acquire('near', { lane: 'near_event_urgent' });
  limiter.acquire('left', { lane: 'rider_sync' });
  limiter.cancel('left');
  limiter.cancel('far-3');
  const view = windows(limiter.ledger(), 'team', limiter.now(), 1_000);
  const signups = view.windows.find(({ endpoint }) => endpoint === 'signups')?.waiting;
  expect(signups?.next).toHaveLength(1_000);
  expect(signups?.count).toBe(1_200);
  expect(signups?.lanes).toEqual([
    { lane: 'far_event_sync', count: 1_199 },
    { lane: 'near_event_urgent', count: 1 },
  ]);
});

it('a permit that was not started in time holds no place, although nothing else happens', () => {
  const limiter = createTestLimiter('signups');
  limiter.acquire('a');
  const seen = () => {
    const now = limiter.now();
    const window = windows(limiter.ledger(), 'team', now).windows.find(
      ({ endpoint }) => endpoint === 'signups',
    );
    const usage = coordination(limiter.ledger(), 'team', now).rateLimitUsage.signups;
    return [window?.available, window?.freeAt, usage?.available];
  };
  expect(seen()).toEqual([0, expect.any(Number), 0]);
  limiter.pass(settings.startWithin);
  expect(seen()).toEqual([1, null, 1]);
});

describe('the coordination status', () => {
  it('shows window usage, the next free call, and the waiting requests', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('a');
    limiter.acquire('b');
    limiter.pass(10_000);
    const { rateLimitUsage, queue } = coordination(limiter.ledger(), 'team', limiter.now());
    expect(rateLimitUsage.signups).toEqual({
      used: 1,
      available: 0,
      resetAt: limiter.now() + 50_000 + settings.epsilon,
    });
    expect(rateLimitUsage.riders_single).toEqual({ used: 0, available: 5, resetAt: null });
    expect(queue).toEqual({ pending: 1, counted: 2, avgWaitTime: 5_000, maxWaitTime: 10_000 });
  });
});

it('a window shows a looser policy that headers advertise beside the one in force', () => {
  const limiter = createTestLimiter('signups');
  const advertised = { limit: 3_000, windowMs: 900_000 };
  limiter.call('a', {}, { result: 'answered', status: 200, advertised });
  limiter.pass(120_000);
  limiter.call('b');
  const views = windows(limiter.ledger(), 'team', limiter.now()).windows;
  expect(views.find(({ endpoint }) => endpoint === 'signups')).toMatchObject({
    policy: { limit: 1, windowMs: 60_000, from: 'documented' },
    advertised,
  });
});
