import { expect, it } from 'vitest';
import { layoutShares, riderIdOf, riderIdsOf } from './layout.ts';

it('an import is a bar of those that are here, those that could not be had, and those to come', () => {
  expect(layoutShares({ done: 5, failed: 1, waiting: 4 }, 200)).toEqual({ doneX: 100, failedX: 120 });
  expect(layoutShares({ done: 0, failed: 0, waiting: 0 }, 200)).toEqual({ doneX: 0, failedX: 0 });
});

it('what is typed is sent as it is, a whole number as a number', () => {
  expect(riderIdOf(' 4500001 ')).toBe(4_500_001);
  expect(riderIdOf('Anna')).toBe('Anna');
  expect(riderIdOf('1.5')).toBe('1.5');
});

it('many are read from whatever they are pasted with, each once', () => {
  expect(riderIdsOf('4500001, 4500002;4500001\n"7"')).toEqual([4_500_001, 4_500_002, 7]);
  expect(riderIdsOf('')).toEqual([]);
});
