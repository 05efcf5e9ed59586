import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean, median, quantile } from './statistics.ts';

describe('statistics', () => {
  it('take the median, halfway between the middle two of an even number', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('calculate a mean', () => {
    expect(mean([1, 2, 6])).toBe(3);
  });

  it('are NaN without values', () => {
    expect(median([])).toBeNaN();
    expect(mean([])).toBeNaN();
  });

  it('stay within the range of the values', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (measured, share) => {
        const value = quantile(measured, share);
        expect(value).toBeGreaterThanOrEqual(Math.min(...measured) - 1e-6);
        expect(value).toBeLessThanOrEqual(Math.max(...measured) + 1e-6);
      }),
    );
  });
});
