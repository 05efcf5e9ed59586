import { expect, it } from 'vitest';
import { fitted } from './fitted.ts';

it('words that have room are left alone, and others are cut where it ends', () => {
  expect(fitted('signups of event 77', 700)).toBe('signups of event 77');
  expect(fitted('signups of event 77', 69)).toBe('signups o…');
  expect(fitted('signups', 0)).toBe('…');
});
