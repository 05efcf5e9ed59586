import { describe, expect, it } from 'vitest';
import { verdictOf } from './verdict.ts';

const policy = { limit: 2, windowMs: 100 };

describe('the verdict on a record of arrivals', () => {
  it('is given by every way of counting, whatever the order of the record', () => {
    // Two late in one window of the clock, two early in the next.
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

  it('is harder on who hammers where rejected calls count', () => {
    const { rejected } = verdictOf([0, 20, 40, 60, 80, 100, 120, 140], policy);
    expect(rejected['sliding-counting-rejects']).toBeGreaterThan(rejected.sliding);
  });

  it('finds nothing in nothing', () => {
    expect(verdictOf([], policy)).toMatchObject({ calls: 0, fullestWindow: 0 });
  });
});
