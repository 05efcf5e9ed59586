import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sorted } from './sorted.ts';

const numbers = () =>
  new Sorted<number>(
    (a, b) => a < b,
    (item) => -item,
  );

describe('a sorted set', () => {
  it('equals a sorted list after any additions and removals', () => {
    const step = fc.record({ add: fc.boolean(), item: fc.integer({ min: 0, max: 60 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 0, max: 60 }), (steps, probe) => {
        const sorted = numbers();
        const model = new Set<number>();
        for (const { add, item } of steps) {
          if (add) {
            sorted.add(item);
            model.add(item);
          } else {
            sorted.delete(item);
            model.delete(item);
          }
        }
        const list = [...model].toSorted((a, b) => a - b);
        expect([...sorted]).toEqual(list);
        expect(sorted.size).toBe(list.length);
        expect(sorted.first()).toBe(list[0]);
        expect(sorted.rankOf(probe)).toBe(list.filter((item) => item < probe).length);
        expect(sorted.min).toBe(Math.min(...list.map((item) => -item)));
      }),
      { numRuns: 200 },
    );
  });

  it.each(['rising', 'falling'])(
    'needs only logarithmically more comparisons for 65 536 %s items than for 256',
    (order) => {
      const comparisonsIn = (size: number) => {
        let comparisons = 0;
        const sorted = new Sorted<number>(
          (a, b) => {
            comparisons += 1;
            return a < b;
          },
          (item) => item,
        );
        for (let item = 0; item < size; item += 1) sorted.add(order === 'rising' ? item : -item);
        comparisons = 0;
        for (let item = 0.5; item < 100; item += 1) {
          sorted.add(order === 'rising' ? item : -item);
          sorted.rankOf(item);
          sorted.delete(order === 'rising' ? item : -item);
        }
        return comparisons;
      };
      // Twice the bits: about twice the comparisons.
      expect(comparisonsIn(65_536)).toBeLessThan(comparisonsIn(256) * 4);
    },
  );
});
