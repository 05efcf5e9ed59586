import { describe, expect, it } from 'vitest';
import { clockTime, countdown, dayOf, duration } from '../text.ts';

describe('a countdown', () => {
  it.each([
    [-5_000, '0:00'],
    [0, '0:00'],
    [1, '0:01'],
    [7_000, '0:07'],
    [252_000, '4:12'],
    [3_852_000, '1:04:12'],
    [183_600_000, '2 d 3 h'],
  ])('of %i ms is %s', (ms, text) => expect(countdown(ms)).toBe(text));
});

describe('a duration', () => {
  it.each([
    [45_000, '45 s'],
    [60_000, '1 min'],
    [3_600_000, '60 min'],
    [5_400_000, '90 min'],
    [86_400_000, '24 h'],
    [7 * 86_400_000, '7 d'],
  ])('of %i ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
});

it('times are shown in UTC', () => {
  const time = Date.UTC(2026, 10, 26, 18, 34, 12);
  expect(clockTime(time)).toBe('18:34:12');
  expect(dayOf(time)).toBe('Thu 26 Nov');
});
