import { expect, it } from 'vitest';
import { utcText, wholeDuration, zoneOffset } from './zone.ts';

const winter = Date.UTC(2026, 10, 26, 18, 34, 12);

it('the offset of a zone depends on the season', () => {
  expect(zoneOffset(winter, 'UTC')).toBe('UTC');
  expect(zoneOffset(winter, 'Europe/Berlin')).toBe('UTC+1');
  expect(zoneOffset(Date.UTC(2026, 6, 1), 'Europe/Berlin')).toBe('UTC+2');
  expect(zoneOffset(winter, 'Asia/Kolkata')).toBe('UTC+5:30');
});

it('the text for the hover is in UTC', () => expect(utcText(winter)).toBe('Thu 26 Nov 18:34:12 UTC'));

it.each([
  [-1, '0 s'],
  [45_900, '45 s'],
  [200_000, '3 min'],
  [119.9 * 60_000, '119 min'],
  [2.9 * 3_600_000, '2 h'],
  [2.9 * 86_400_000, '2 d'],
])('a duration of %i ms in whole units is %s', (ms, text) => expect(wholeDuration(ms)).toBe(text));
