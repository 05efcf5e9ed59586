import { expect, it } from 'vitest';
import { projectTime } from './clock.ts';

it('time advances at the scale of the API between two readings', () => {
  const reading = { now: 1_000_000, scale: 60, readAt: 500 };
  expect(projectTime(reading, 500)).toBe(1_000_000);
  expect(projectTime(reading, 1_500)).toBe(1_060_000);
});
