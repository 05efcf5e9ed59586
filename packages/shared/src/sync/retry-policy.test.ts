import { describe, expect, it } from 'vitest';
import { isPassing, pauseBefore, raisedLane } from './retry-policy.ts';

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

describe('a call that failed', () => {
  it('is made again after pauses that grow up to a minute', () => {
    expect([1, 2, 3, 4, 50].map(pauseBefore)).toEqual([2_000, 8_000, 32_000, 60_000, 60_000]);
  });

  it.each([
    ['unavailable', true],
    ['unreachable', true],
    ['timed_out', true],
    ['unreadable', true],
    ['rate_limited', false],
    ['unauthorized', false],
    ['not_found', false],
    ['rejected', false],
  ] as const)('because of %s may pass: %s', (code, expected) => {
    expect(isPassing(code)).toBe(expected);
  });
});
