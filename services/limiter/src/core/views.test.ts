import { expect, it } from 'vitest';
import { createTestLimiter } from './testing.ts';
import { waiting } from './views.ts';

it('counts who waits, by lane, and how long the longest wait is', () => {
  const limiter = createTestLimiter('signups');
  limiter.call('first');
  limiter.acquire('a', { lane: 'far_event_sync' });
  limiter.pass(2_000);
  limiter.acquire('b', { lane: 'far_event_sync' });
  limiter.acquire('c', { lane: 'near_event_urgent' });
  limiter.pass(1_000);
  expect(waiting(limiter.ledger(), 'team', limiter.now())).toEqual({
    lanes: {
      manual_rider_add: 0,
      near_event_urgent: 1,
      near_event_normal: 0,
      rider_sync: 0,
      far_event_sync: 2,
    },
    longest: { clubs: 0, riders_bulk: 0, riders_single: 0, results: 0, events: 0, signups: 3_000 },
  });
});
