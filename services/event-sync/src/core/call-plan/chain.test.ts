import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now, planRules } from '../../testing/candidates.ts';
import { chainOf } from './chain.ts';
import { worthOf } from './worth.ts';

const minute = 60_000;
const { goals, weights } = planRules;
/** The calls for an event that starts `lead` minutes from now, in moments (minutes from now). */
const chain = (lead: number, moments: readonly number[], ago: number | null = null, closed: number[] = []) =>
  chainOf(
    worthOf(candidate('a', lead, ago === null ? {} : copied(ago)), goals, weights, 0),
    moments.map((at) => now + at * minute),
    (index) => !closed.includes(index),
  );
const free = (count: number) => new Float64Array(count);

const subsets = (count: number): number[][] =>
  Array.from({ length: 2 ** count }, (_, bits) =>
    Array.from({ length: count }, (_each, index) => index).filter((index) => bits & (2 ** index)),
  );

describe('the best calls for an event', () => {
  it('are worth as much as the best of all sets of moments, after their prices', () => {
    const situation = fc.record({
      lead: fc.integer({ min: 1, max: 130 }),
      ago: fc.option(fc.integer({ min: 0, max: 120 })),
      moments: fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 8 }),
      prices: fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 8, maxLength: 8 }),
      closed: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(situation, ({ lead, ago, moments, prices, closed }) => {
        const times = moments.toSorted((a, b) => a - b);
        const { best, bid, worthOf: valueOf } = chain(lead, times, ago, closed);
        const net = (calls: readonly number[]) =>
          calls.reduce((left, index) => left - (prices[index] ?? 0), valueOf(calls));
        const usable = subsets(times.length).filter((calls) =>
          calls.every((index) => !closed.includes(index) && (times[index] ?? 0) < lead),
        );
        const calls = best(Float64Array.from(prices));
        expect(usable).toContainEqual(calls);
        expect(net(calls)).toBeCloseTo(Math.max(...usable.map(net)), 5);
        const { gains, ...found } = bid(Float64Array.from(prices));
        expect(found.calls).toEqual(calls);
        for (const [index, moment] of calls.entries()) {
          const without = usable.filter((each) => !each.includes(moment)).map(net);
          expect(gains[index]).toBeCloseTo(net(calls) - Math.max(...without), 5);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are one that covers the hour before, and one for the end', () => {
    // The first can be made at any time from 75 to 60 min before the start.
    const moments = [5, 20, 28, 65, 75];
    const prices = Float64Array.from(moments, (_, index) => 1 + index / 100);
    expect(chain(80, moments).best(prices)).toEqual([0, 3]);
  });

  it('are none when the copy is as good', () => {
    expect(chain(10, [0, 1, 2], 0).best(free(3).fill(1))).toEqual([]);
  });

  it('are none in moments that cost more than they gain, or that are not its own', () => {
    const dear = free(3).fill(1e6);
    expect(chain(10, [0, 1, 2]).best(dear)).toEqual([]);
    expect(chain(10, [0, 1, 2], null, [0, 1, 2]).best(free(3))).toEqual([]);
  });
});
