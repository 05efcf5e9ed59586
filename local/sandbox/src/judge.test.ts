import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCounter, enforcements } from './limiter.ts';
import type { Arrival } from './audit.ts';
import { judge } from './judge.ts';

const policy = { limit: 3, windowMs: 1000 };

const arrivalsAt = (times: readonly number[], rest: Partial<Arrival> = {}): Arrival[] =>
  times.map((arrivedAt, index) => ({
    seq: index + 1,
    arrivedAt,
    key: 'team',
    budget: 'clubs',
    policy,
    method: 'GET',
    path: '/api/public/clubs/1',
    verdict: 'accepted',
    ...rest,
  }));

/** Multiples of a tenth of the window, so that calls exactly one window apart are common. */
const times = fc
  .array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 60 })
  .map((unordered) => unordered.toSorted((a, b) => a - b).map((tenth) => tenth * 100));

const judgeOne = (arrivals: readonly Arrival[]) => {
  const [judgement, ...others] = judge(arrivals);
  expect(others).toEqual([]);
  if (!judgement) throw new Error('no judgement');
  return judgement;
};

describe('judge', () => {
  it('counts calls, rejections, the fullest window, and rejections under each enforcement', () => {
    const run = [
      ...arrivalsAt([0, 998, 999, 1000, 1001]),
      ...arrivalsAt([1002], { seq: 6, verdict: 'rejected' }),
    ];
    expect(judge(run)).toEqual([
      {
        key: 'team',
        budget: 'clubs',
        policy,
        calls: 6,
        rejected: 1,
        fullestWindow: 5,
        wouldReject: { 'first-hit': 0, sliding: 2, 'sliding-counting-rejects': 2, 'clock-aligned': 0 },
      },
    ]);
  });

  it('finds the same fullest window as trying every interval', () => {
    fc.assert(
      fc.property(times, (run) => {
        const starts = run.flatMap((time) => [time, time - policy.windowMs + 1]);
        const inside = (from: number) =>
          run.filter((each) => each >= from && each < from + policy.windowMs).length;
        expect(judgeOne(arrivalsAt(run)).fullestWindow).toBe(Math.max(...starts.map(inside)));
      }),
    );
  });

  it('rejects nothing under a sliding log exactly when no window exceeds the limit', () => {
    fc.assert(
      fc.property(times, (run) => {
        const { fullestWindow, wouldReject } = judgeOne(arrivalsAt(run));
        expect(wouldReject.sliding === 0).toBe(fullestWindow <= policy.limit);
        expect(wouldReject['sliding-counting-rejects']).toBeGreaterThanOrEqual(wouldReject.sliding);
      }),
    );
  });

  it('rejects nothing under any enforcement in a run that keeps to a sliding log', () => {
    fc.assert(
      fc.property(times, (run) => {
        const counter = createCounter('sliding');
        const accepted = run.filter((time) => counter(policy, time).accepted);
        const { wouldReject } = judgeOne(arrivalsAt(accepted));
        for (const enforcement of enforcements) expect(wouldReject[enforcement]).toBe(0);
      }),
    );
  });

  it('judges each key and budget separately, in any order of arrivals', () => {
    fc.assert(
      fc.property(times, times, (mine, theirs) => {
        const own = arrivalsAt(mine);
        const others = [
          ...arrivalsAt(theirs, { key: 'other' }),
          ...arrivalsAt(theirs, { budget: 'signups' }),
          ...arrivalsAt(theirs, { verdict: 'unauthorized', policy: null }),
          ...arrivalsAt(theirs, { verdict: 'not_found', budget: null, policy: null }),
        ];
        const judgements = judge([...others, ...own].toReversed());
        expect(judgements.find(({ key, budget }) => key === 'team' && budget === 'clubs')).toEqual(
          judgeOne(own),
        );
        expect(judgements).toHaveLength(3);
      }),
    );
  });

  it('uses the policy recorded with each arrival, or the given override', () => {
    const before = arrivalsAt([0, 10]);
    const after = arrivalsAt([20], { seq: 3, policy: { limit: 1, windowMs: 1000 } });
    expect(judgeOne([...before, ...after]).wouldReject.sliding).toBe(1);
    expect(judge([...before, ...after], { clubs: policy })[0]?.wouldReject.sliding).toBe(0);
  });

  it('returns no judgement without calls', () => {
    expect(judge([])).toEqual([]);
  });
});
