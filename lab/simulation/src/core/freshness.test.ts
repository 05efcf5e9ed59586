import { createCounter, enforcements } from '@paceline/sandbox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimeSpan } from '@paceline/event-sync/core/classes';
import { bestShare, mostCalls } from './freshness.ts';

const end = 6;
const tiny = fc.record({
  limit: fc.integer({ min: 1, max: 2 }),
  windowMs: fc.integer({ min: 1, max: 4 }),
  goal: fc.integer({ min: 1, max: 5 }),
  enforcement: fc.constantFrom(...enforcements),
  stretches: fc.array(
    fc
      .record({ from: fc.nat(5), length: fc.integer({ min: 1, max: 4 }) })
      .map(({ from, length }): TimeSpan => ({ from, until: Math.min(end, from + length) })),
    { minLength: 1, maxLength: 3 },
  ),
});

/** The best share over all schedules that upstream accepts, by trying every subset of events at every time. */
function bestOfAll({
  limit,
  windowMs,
  goal,
  enforcement,
  stretches,
}: typeof tiny extends fc.Arbitrary<infer T> ? T : never) {
  const total = stretches.reduce((sum, { from, until }) => sum + until - from, 0);
  const isAccepted = (times: readonly number[]) => {
    const counter = createCounter(enforcement);
    return times.every((at) => counter({ limit, windowMs }, at).accepted);
  };
  let best = 0;
  const choose = (time: number, calls: ReadonlyArray<readonly [event: number, at: number]>): void => {
    if (!isAccepted(calls.map(([, at]) => at))) return;
    if (time === end) {
      const within = stretches.reduce((sum, { from, until }, event) => {
        const fresh = (at: number) =>
          calls.some(([copiedEvent, copied]) => copiedEvent === event && copied <= at && at < copied + goal);
        return sum + range(from, until).filter(fresh).length;
      }, 0);
      best = Math.max(best, within / total);
      return;
    }
    for (const called of subsets(stretches.length, limit + 1))
      choose(time + 1, [...calls, ...called.map((event) => [event, time] as const)]);
  };
  choose(0, []);
  return best;
}

const range = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, index) => from + index);

function subsets(count: number, max: number): number[][] {
  return range(0, 2 ** count)
    .map((bits) => range(0, count).filter((event) => bits & (1 << event)))
    .filter(({ length }) => length <= max);
}

describe('the best possible share', () => {
  it('is at least the share of every schedule that upstream accepts', () => {
    fc.assert(
      fc.property(tiny, (example) => {
        const { limit, windowMs, goal, enforcement, stretches } = example;
        const most = mostCalls({ limit, windowMs }, enforcement, goal);
        expect(bestShare(stretches, most)).toBeGreaterThanOrEqual(bestOfAll(example) - 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('is reached when events take turns', () => {
    const stretches = Array.from({ length: 40 }, () => ({ from: 0, until: 900_000 }));
    const most = mostCalls({ limit: 1, windowMs: 60_000 }, 'first-hit', 900_000);
    expect(most).toBe(15);
    expect(bestShare(stretches, most)).toBe(15 / 40);
  });

  it('is 1 with enough calls or without events', () => {
    expect(bestShare([{ from: 0, until: 10 }], 1)).toBe(1);
    expect(bestShare([], 1)).toBe(1);
  });
});
