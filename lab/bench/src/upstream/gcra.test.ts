import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gcraRejects } from './gcra.ts';
import { verdictOf } from './verdict.ts';

const policy = { limit: 2, windowMs: 100 };

describe('an upstream that counts by GCRA', () => {
  it('takes a burst of N, and one more for every W/N that passes', () => {
    expect(gcraRejects(policy, [0, 0, 49])).toBe(1);
    expect(gcraRejects(policy, [0, 0, 50, 100])).toBe(0);
  });

  it('charges nothing for what it rejects', () => {
    expect(gcraRejects(policy, [0, 0, 10, 20, 30, 50])).toBe(3);
  });

  it('rejects none of those that never are more than N in a window', () => {
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
