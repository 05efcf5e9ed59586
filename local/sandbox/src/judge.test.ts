import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCounter, enforcements } from './limiter.ts';
import type { Arrival } from './audit.ts';
import { judge } from './judge.ts';

const policy = { limit: 3, windowMs: 1000 };

const arrivalsAt = (moments: readonly number[], rest: Partial<Arrival> = {}): Arrival[] =>
  moments.map((arrivedAt, index) => ({
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
const moments = fc
  .array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 60 })
  .map((unordered) => unordered.toSorted((a, b) => a - b).map((tenth) => tenth * 100));

const judgeOne = (arrivals: readonly Arrival[]) => {
  const [judgement, ...others] = judge(arrivals);
  expect(others).toEqual([]);
  if (!judgement) throw new Error('nothing was judged');
  return judgement;
};

describe('the oracle', () => {
  it('tells calls, rejects, the fullest window, and what each way of counting would have rejected', () => {
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

  it('finds the fullest window that trying every interval finds', () => {
    fc.assert(
      fc.property(moments, (run) => {
        const starts = run.flatMap((moment) => [moment, moment - policy.windowMs + 1]);
        const inside = (from: number) =>
          run.filter((each) => each >= from && each < from + policy.windowMs).length;
        expect(judgeOne(arrivalsAt(run)).fullestWindow).toBe(Math.max(...starts.map(inside)));
      }),
    );
  });

  it('rejects nothing under a sliding log exactly when no window is over-full', () => {
    fc.assert(
      fc.property(moments, (run) => {
        const { fullestWindow, wouldReject } = judgeOne(arrivalsAt(run));
        expect(wouldReject.sliding === 0).toBe(fullestWindow <= policy.limit);
        expect(wouldReject['sliding-counting-rejects']).toBeGreaterThanOrEqual(wouldReject.sliding);
      }),
    );
  });

  it('clears a run that keeps to a sliding log of every charge, however upstream counts', () => {
    fc.assert(
      fc.property(moments, (run) => {
        const counter = createCounter('sliding');
        const kept = run.filter((moment) => counter(policy, moment).accepted);
        const { wouldReject } = judgeOne(arrivalsAt(kept));
        for (const enforcement of enforcements) expect(wouldReject[enforcement]).toBe(0);
      }),
    );
  });

  it('judges each key and budget by itself, in whatever order the arrivals are given', () => {
    fc.assert(
      fc.property(moments, moments, (mine, theirs) => {
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

  it('holds every arrival against the policy that was in force for it, or against the one it is given', () => {
    const before = arrivalsAt([0, 10]);
    const after = arrivalsAt([20], { seq: 3, policy: { limit: 1, windowMs: 1000 } });
    expect(judgeOne([...before, ...after]).wouldReject.sliding).toBe(1);
    expect(judge([...before, ...after], { clubs: policy })[0]?.wouldReject.sliding).toBe(0);
  });

  it('has nothing to say about a run without calls', () => {
    expect(judge([])).toEqual([]);
  });
});
