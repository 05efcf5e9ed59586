import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayOf } from './network.ts';

const chances = (...given: number[]) => {
  const left = [...given];
  return () => left.shift() ?? 0;
};

describe('the way to upstream', () => {
  it('takes up to the jitter, evenly spread', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(chance, (value) => {
        expect(delayOf({ jitterMs: 60, outliers: 0.01 }, chances(0.5, value))).toBeCloseTo(60 * value);
      }),
    );
  });

  it('takes ten times as long for an outlier', () => {
    expect(delayOf({ jitterMs: 60, outliers: 0.01 }, chances(0.009))).toBe(600);
  });
});
