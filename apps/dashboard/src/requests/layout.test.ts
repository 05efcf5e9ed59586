import { expect, it } from 'vitest';
import { parseRiderId } from './layout.ts';

it('a typed rider id is sent as a number when it is a whole number, else unchanged', () => {
  expect(parseRiderId(' 4500001 ')).toBe(4_500_001);
  expect(parseRiderId('Anna')).toBe('Anna');
  expect(parseRiderId('1.5')).toBe('1.5');
});
