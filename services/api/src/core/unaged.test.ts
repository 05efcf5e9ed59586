import { describe, expect, it } from 'vitest';
import { unaged } from './unaged.ts';

const answer = (age: number, more: object = {}) =>
  JSON.stringify({
    at: `2026-03-01T12:00:0${age}Z`,
    items: [{ a: 1, ageSeconds: age, signupsAgeSeconds: age, ...more }],
  });

describe('an answer without its ages', () => {
  it('is the same while only time has passed', () => {
    expect(unaged(answer(1))).toBe(unaged(answer(7)));
  });
  it('is another one when anything else has changed', () => {
    expect(unaged(answer(1))).not.toBe(unaged(answer(1, { b: null })));
    expect(unaged(answer(1, { fetchedAt: 'x' }))).not.toBe(unaged(answer(1, { fetchedAt: 'y' })));
    expect(unaged('{"items":[{"at":"x"}]}')).toContain('x');
    expect(unaged(JSON.stringify({ name: 'ageSeconds' }))).toContain('ageSeconds');
  });
});
