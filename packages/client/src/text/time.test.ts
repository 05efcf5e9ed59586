import { afterEach, describe, expect, it } from 'vitest';
import {
  clockTime,
  countdown,
  dayAndTime,
  dayOf,
  duration,
  fetchedText,
  shortTimeNear,
  showTimesIn,
  timeNear,
  timeRange,
} from '../text.ts';

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

describe('times', () => {
  const time = Date.UTC(2026, 10, 26, 18, 34, 12);
  afterEach(() => showTimesIn('UTC'));

  it('are shown in UTC', () => {
    expect(clockTime(time)).toBe('18:34:12');
    expect(dayOf(time)).toBe('Thu 26 Nov');
  });

  it.each([
    ['Europe/Berlin', 'Thu 26 Nov 19:34:12'],
    ['America/St_Johns', 'Thu 26 Nov 15:04:12'],
    ['Pacific/Auckland', 'Fri 27 Nov 07:34:12'],
  ])('are shown in %s when the program says so', (zone, text) => {
    showTimesIn(zone);
    expect(dayAndTime(time)).toBe(text);
    expect(dayAndTime(time, 'UTC')).toBe('Thu 26 Nov 18:34:12');
  });

  it('follow the change to and from summer time', () => {
    showTimesIn('Europe/Berlin');
    const change = Date.UTC(2026, 9, 25, 1);
    expect(clockTime(change - 1_000)).toBe('02:59:59');
    expect(clockTime(change)).toBe('02:00:00');
    expect(timeNear(Date.UTC(2026, 9, 24, 22), change)).toBe('00:00:00');
  });
});

describe('a time of another day', () => {
  const evening = Date.UTC(2026, 10, 26, 23, 50);
  const minute = 60_000;

  it('has its day', () => {
    expect(timeNear(evening, evening + 9 * minute)).toBe('23:50:00');
    expect(timeNear(evening, evening + 10 * minute)).toBe('Thu 26 Nov 23:50:00');
    expect(timeNear(evening, Date.UTC(2027, 10, 26, 23, 50))).toBe('Thu 26 Nov 23:50:00');
    expect(shortTimeNear(evening + 20 * minute, evening)).toBe('Fri 27 Nov 00:10');
  });

  it('ends a range that crosses midnight with its own day', () => {
    expect(timeRange(evening, evening + 9 * minute)).toBe('Thu 26 Nov 23:50:00 to 23:59:00');
    expect(timeRange(evening, evening + 20 * minute)).toBe('Thu 26 Nov 23:50:00 to Fri 27 Nov 00:10:00');
  });
});

it('the age of fetched data counts on', () => {
  const fetchedAt = '2026-11-26T18:34:12.000Z';
  const now = Date.parse(fetchedAt);
  expect(fetchedText(fetchedAt, now + 6_000)).toBe('fetched at 18:34:12 (6 s ago)');
  expect(fetchedText(fetchedAt, now + 3_600_000)).toBe('fetched at 18:34:12 (60 min ago)');
  expect(fetchedText(fetchedAt, now - 100)).toBe('fetched at 18:34:12 (0 s ago)');
});
