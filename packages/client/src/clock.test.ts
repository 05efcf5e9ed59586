import { expect, it } from 'vitest';
import { projectTime } from './clock.ts';

it('between two readings time goes on at the pace of the API, not of this machine', () => {
  const reading = { now: 1_000_000, scale: 60, readAt: 500 };
  expect(projectTime(reading, 500)).toBe(1_000_000);
  expect(projectTime(reading, 1_500)).toBe(1_060_000);
});
