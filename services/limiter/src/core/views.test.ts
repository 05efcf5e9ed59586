import { expect, it } from 'vitest';
import { createDesk } from './testing.ts';
import { waiting } from './views.ts';

it('counts who waits, by lane, and how long the longest wait is', () => {
  const desk = createDesk('signups');
  desk.call('first');
  desk.acquire('a', { lane: 'far_event_sync' });
  desk.pass(2_000);
  desk.acquire('b', { lane: 'far_event_sync' });
  desk.acquire('c', { lane: 'near_event_urgent' });
  desk.pass(1_000);
  expect(waiting(desk.ledger(), 'team', desk.now())).toEqual({
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
