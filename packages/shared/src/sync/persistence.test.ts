import { describe, expect, it } from 'vitest';
import { raisedLane } from './persistence.ts';

describe('the lane of a call that was rejected', () => {
  it.each([
    ['far_event_sync', 'rider_sync'],
    ['rider_sync', 'near_event_normal'],
    ['near_event_normal', 'near_event_normal'],
    ['near_event_urgent', 'near_event_urgent'],
    ['manual_rider_add', 'manual_rider_add'],
  ] as const)('%s is raised to %s, and none to a forced one', (lane, raised) => {
    expect(raisedLane(lane)).toBe(raised);
  });
});
