import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now, planRules } from '../../testing/candidates.ts';
import type { Candidate } from '../classes.ts';
import { type Chain, chainOf, oneCall } from './chain.ts';
import { shareOut } from './share-out.ts';
import { worthOf } from './worth.ts';

const minute = 60_000;
const { goals, weights } = planRules;
const moments = Array.from({ length: 20 }, (_, index) => now + index * minute);

const chainFor = (event: Candidate, times = moments): Chain =>
  chainOf(worthOf(event, goals, weights, 0), times, () => true);
const share = (events: readonly Candidate[], ...others: Chain[]) =>
  shareOut([...events.map((event) => chainFor(event)), ...others], moments.length);

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

/** The highest sum of worths, by trying all ways to give the calls to events. */
function highest(chains: readonly Chain[], count: number): number {
  const ways = chains.length + 1;
  return Math.max(
    ...Array.from({ length: ways ** count }, (_, code) => {
      const holder = Array.from({ length: count }, (_each, m) => Math.floor(code / ways ** m) % ways);
      return totalOf(
        chains,
        chains.map((_each, index) => holder.flatMap((by, m) => (by === index ? [m] : []))),
      );
    }),
  );
}

/** What all calls are worth; each costs the five minutes that it must be worth. */
const totalOf = (chains: readonly Chain[], calls: ReadonlyArray<readonly number[]>) =>
  chains.reduce((total, chain, index) => {
    const own = calls[index] ?? [];
    return total + chain.worthOf(own) - 5 * own.length;
  }, 0);

describe('moments shared out among events', () => {
  it('are given once, in order, and one of them to a use that needs one', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 19 }), (all, kept) => {
        const calls = share(all, oneCall(moments.map((_, m) => -1_000 * Math.abs(m - kept))));
        expect(calls.at(-1)).toEqual([kept]);
        const taken = calls.flat();
        expect(new Set(taken).size).toBe(taken.length);
        for (const each of calls) expect(each).toEqual(each.toSorted((a, b) => a - b));
      }),
    );
  });

  it('are worth nearly as much as in the best of all ways', () => {
    const few = moments.filter((_, index) => index % 4 === 0);
    fc.assert(
      fc.property(events, (all) => {
        const later = all.filter(({ startsAt }) => startsAt > (few.at(-1) ?? 0));
        const chains = later.slice(0, 3).map((event) => chainFor(event, few));
        const total = totalOf(chains, shareOut(chains, few.length));
        expect(total).toBeGreaterThanOrEqual(highest(chains, few.length) - 7 * few.length);
      }),
      { numRuns: 200 },
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
    const calls = share([candidate('a', 10), candidate('b', 10)]);
    expect(calls.map((each) => each.length)).toEqual([1, 1]);
  });

  it('are left free where no call gains anything', () => {
    expect(share([candidate('fresh', 10, copied(1))])).toEqual([[]]);
  });
});
