import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign } from './assignment.ts';

/** The highest sum of worths, by trying every pairing. */
function highest(
  worth: readonly number[],
  rows: number,
  columns: number,
  taken: ReadonlySet<number>,
): number {
  if (rows === 0) return 0;
  const last = rows - 1;
  let best = highest(worth, last, columns, taken);
  for (let column = 0; column < columns; column += 1) {
    if (taken.has(column)) continue;
    const gained = worth[last * columns + column] ?? 0;
    if (gained > 0)
      best = Math.max(best, gained + highest(worth, last, columns, new Set([...taken, column])));
  }
  return best;
}

const matrix = fc
  .record({ rows: fc.integer({ min: 0, max: 5 }), columns: fc.integer({ min: 0, max: 5 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      worth: fc.array(fc.integer({ min: -5, max: 12 }), {
        minLength: rows * columns,
        maxLength: rows * columns,
      }),
    }),
  );

describe('an assignment', () => {
  it('is worth as much as the best of all pairings, with no column twice', () => {
    fc.assert(
      fc.property(matrix, ({ rows, columns, worth }) => {
        const found = [...assign(Float64Array.from(worth), rows, columns)];
        const used = found.filter((column) => column >= 0);
        expect(new Set(used).size).toBe(used.length);
        const total = found.reduce(
          (sum, column, row) => sum + (column < 0 ? 0 : (worth[row * columns + column] ?? 0)),
          0,
        );
        expect(total).toBe(highest(worth, rows, columns, new Set()));
      }),
      { numRuns: 300 },
    );
  });

  it('makes no pair that is worth nothing', () => {
    expect([...assign(Float64Array.from([0, -3, 0, 4]), 2, 2)]).toEqual([-1, 1]);
  });
});
