import { expect, it } from 'vitest';
import { layoutShares } from './layout.ts';

it('an import is a bar of those that are here, those that could not be had, and those to come', () => {
  expect(layoutShares({ done: 5, failed: 1, waiting: 4 }, 200)).toEqual({ doneX: 100, failedX: 120 });
  expect(layoutShares({ done: 0, failed: 0, waiting: 0 }, 200)).toEqual({ doneX: 0, failedX: 0 });
});
