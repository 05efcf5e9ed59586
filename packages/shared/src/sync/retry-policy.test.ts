import { describe, expect, it } from 'vitest';
import { isTemporary } from '../zwiftracing/index.ts';
import { pauseBeforeAttempt, raisedLane } from './retry-policy.ts';

describe('lane of a rejected call', () => {
  it.each([
    ['far_event_sync', 'rider_sync'],
    ['rider_sync', 'near_event_normal'],
    ['near_event_normal', 'near_event_normal'],
    ['near_event_urgent', 'near_event_urgent'],
    ['manual_rider_add', 'manual_rider_add'],
  ] as const)('%s is raised to %s, but not into a forced lane', (lane, raised) => {
    expect(raisedLane(lane)).toBe(raised);
  });
});

describe('retry of a failed call', () => {
  it('waits longer before each attempt, up to a minute', () => {
    expect([1, 2, 3, 4, 50].map(pauseBeforeAttempt)).toEqual([2_000, 8_000, 32_000, 60_000, 60_000]);
  });

  it.each([
    ['unavailable', true],
    ['unreachable', true],
    ['timed_out', true],
    ['unreadable', true],
    ['web_page', true],
    ['unexpected', false],
    ['rate_limited', false],
    ['unauthorized', false],
    ['not_found', false],
    ['rejected', false],
  ] as const)('treats %s as temporary: %s', (code, expected) => {
    expect(isTemporary(code)).toBe(expected);
  });
});
