import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now, planRules } from '../../testing/candidates.ts';
import type { Candidate } from '../classes.ts';
import { assign } from './assignment.ts';
import { chainOf } from './chain.ts';
import { type Claim, shareOut } from './share-out.ts';
import { gainIn, worthOf } from './worth.ts';

const minute = 60_000;
const { goals, weights } = planRules;
const moments = Array.from({ length: 20 }, (_, index) => now + index * minute);

const claimOf = (event: Candidate): Claim => {
  const worth = worthOf(event, goals, weights, 0);
  return { worth, chain: chainOf(worth, moments, () => true) };
};
const share = (events: readonly Candidate[], reserve?: (moment: number) => number) =>
  shareOut(events.map(claimOf), moments, () => true, reserve);
const totalOf = (events: readonly Candidate[], calls: ReadonlyArray<readonly number[]>) =>
  events.reduce((sum, event, index) => sum + claimOf(event).chain.worthOf(calls[index] ?? []), 0);

const events = fc
  .array(
    fc.record({
      lead: fc.integer({ min: 1, max: 90 }),
      ago: fc.option(fc.integer({ min: 0, max: 90 })),
      hasOurs: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((all) =>
    all.map(({ lead, ago, hasOurs }, index) =>
      candidate(String(index), lead, { hasOurs, ...(ago !== null && copied(ago)) }),
    ),
  );

/** What the best assignment of one call per event is worth. */
function assigned(all: readonly Candidate[]): number {
  const gains = all.flatMap((event) => {
    const { worth } = claimOf(event);
    return moments.map((at) => gainIn(worth, 'near', at) + gainIn(worth, 'urgent', at));
  });
  const size = Math.max(all.length, moments.length);
  const columns = moments.length + (size - moments.length);
  const worth = new Float64Array(all.length * columns);
  for (const [index] of all.entries())
    for (const [m] of moments.entries()) worth[index * columns + m] = gains[index * moments.length + m] ?? 0;
  const found = assign(worth, all.length, columns);
  return totalOf(
    all,
    all.map((_, index) => ((found[index] ?? -1) < 0 ? [] : [found[index] ?? 0])),
  );
}

describe('moments shared out among events', () => {
  it('are given once, in order, and leave out the one that is kept', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 19 }), (all, kept) => {
        const { calls, reserved } = share(all, (moment) => -1_000 * Math.abs(moment - kept));
        expect(reserved).toBe(kept);
        const taken = calls.flat();
        expect(new Set([...taken, kept]).size).toBe(taken.length + 1);
        for (const each of calls) expect(each).toEqual(each.toSorted((a, b) => a - b));
      }),
    );
  });

  it('gain about as much as one well-chosen call per event, or more', () => {
    fc.assert(
      fc.property(events, (all) => {
        // Calls that are worth less than five minutes are not made.
        const { calls } = share(all);
        const spared = 5 * moments.length;
        expect(totalOf(all, calls)).toBeGreaterThanOrEqual(assigned(all) - spared);
      }),
    );
  });

  it('are the same every time', () => {
    fc.assert(
      fc.property(events, (all) => {
        expect(share(all)).toEqual(share(all));
      }),
      { numRuns: 30 },
    );
  });

  it('go to two events in turn where one would take both', () => {
    const { calls } = share([candidate('a', 10), candidate('b', 10)]);
    expect(calls.map((each) => each.length)).toEqual([1, 1]);
  });

  it('are left free where no call gains anything', () => {
    expect(share([candidate('fresh', 10, copied(1))])).toEqual({ calls: [[]], reserved: undefined });
  });
});
