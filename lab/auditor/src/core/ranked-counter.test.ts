import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RankedCounter } from './ranked-counter.ts';

describe('a ranked counter', () => {
  it('counts what has come above a bound as counting one by one does', () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(values, values, fc.integer({ min: -1, max: 51 }), (come, yet, bound) => {
        const counter = new RankedCounter([...come, ...yet]);
        for (const value of come) counter.add(value);
        expect(counter.above(bound)).toBe(come.filter((value) => value > bound).length);
      }),
    );
  });
});
