import { expect, it } from 'vitest';
import { nowBy } from './reading.ts';

it('between two readings time goes on at the pace of the API, not of this machine', () => {
  const reading = { now: 1_000_000, scale: 60, readAt: 500 };
  expect(nowBy(reading, 500)).toBe(1_000_000);
  expect(nowBy(reading, 1_500)).toBe(1_060_000);
});
