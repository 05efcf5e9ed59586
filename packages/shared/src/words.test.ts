import { expect, it } from 'vitest';
import { count } from './words.ts';

it('a counted word is singular for exactly one', () => {
  expect([0, 1, 2].map((number) => count(number, 'stored rider'))).toEqual([
    '0 stored riders',
    '1 stored rider',
    '2 stored riders',
  ]);
});
