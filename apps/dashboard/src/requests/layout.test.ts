import { expect, it } from 'vitest';
import { layoutProgress, parseRiderId } from './layout.ts';

it('the bar of an import shows the added, failed and remaining riders', () => {
  expect(layoutProgress({ done: 5, failed: 1, waiting: 4 }, 200)).toEqual({ doneX: 100, failedX: 120 });
  expect(layoutProgress({ done: 0, failed: 0, waiting: 0 }, 200)).toEqual({ doneX: 0, failedX: 0 });
});

it('a typed rider id is sent as a number when it is a whole number, else unchanged', () => {
  expect(parseRiderId(' 4500001 ')).toBe(4_500_001);
  expect(parseRiderId('Anna')).toBe('Anna');
  expect(parseRiderId('1.5')).toBe('1.5');
});
