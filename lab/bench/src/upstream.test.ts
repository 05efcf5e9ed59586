import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayOf, gcraRejects, utilisation, verdictOf } from './upstream.ts';

const chances = (...given: number[]) => {
  const rest = [...given];
  return () => rest.shift() ?? 0;
};

describe('the latency to upstream', () => {
  it('is uniformly distributed up to the jitter', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(chance, (value) => {
        expect(delayOf({ jitterMs: 60, outliers: 0.01 }, chances(0.5, value))).toBeCloseTo(60 * value);
      }),
    );
  });

  it('is ten times the jitter for an outlier', () => {
    expect(delayOf({ jitterMs: 60, outliers: 0.01 }, chances(0.009))).toBe(600);
  });
});

const policy = { limit: 2, windowMs: 100 };

describe('the verdict on arrivals', () => {
  it('includes every way of counting, whatever the order', () => {
    // Two late in one clock-aligned window, two early in the next.
    expect(verdictOf([110, 90, 95, 105], policy)).toEqual({
      calls: 4,
      fullestWindow: 4,
      rejected: {
        sliding: 2,
        'sliding-counting-rejects': 2,
        'clock-aligned': 0,
        'first-hit': 2,
        gcra: 2,
      },
    });
  });

  it('has more rejections when rejected calls count', () => {
    const { rejected } = verdictOf([0, 20, 40, 60, 80, 100, 120, 140], policy);
    expect(rejected['sliding-counting-rejects']).toBeGreaterThan(rejected.sliding);
  });

  it('is empty without arrivals', () => {
    expect(verdictOf([], policy)).toMatchObject({ calls: 0, fullestWindow: 0 });
  });
});

describe('an upstream with GCRA', () => {
  it('accepts a burst of N, and one more for every W/N that passes', () => {
    expect(gcraRejects(policy, [0, 0, 49])).toBe(1);
    expect(gcraRejects(policy, [0, 0, 50, 100])).toBe(0);
  });

  it('does not count rejected calls', () => {
    expect(gcraRejects(policy, [0, 0, 10, 20, 30, 50])).toBe(3);
  });

  it('rejects none when no window has more than N', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, (between) => {
        let now = 0;
        const arrivals = between.map((gap) => (now += gap));
        const { fullestWindow, rejected } = verdictOf(arrivals, policy);
        const none = Object.values(rejected).every((count) => count === 0);
        expect(none || fullestWindow > policy.limit).toBe(true);
      }),
    );
  });
});

describe('utilisation', () => {
  it('is 1 for N in every window, in bursts or evenly', () => {
    expect(utilisation([0, 0, 100, 100, 200, 200], policy)).toBe(1);
    expect(utilisation([0, 50, 100, 150, 200], policy)).toBe(1);
  });

  it('is 0.5 for N in every two windows', () => {
    expect(utilisation([0, 0, 200, 200, 400, 400], policy)).toBe(0.5);
  });

  it('is NaN with too few arrivals', () => {
    expect(utilisation([0, 50], policy)).toBeNaN();
  });
});
