import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now, planRules } from '../../testing/candidates.ts';
import type { Candidate } from '../classes.ts';
import { chanceOfOurs, learnOursPerSignup, untilEachNext, untilNext, untilStart, worthOf } from './worth.ts';

const minute = 60_000;
const { goals, weights } = planRules;
/** What an event at `now` is worth, if it is certain that none of ours is in it. */
const worth = (more: Partial<Candidate> = {}) => worthOf(candidate('a', 0, more), goals, weights, 0);
/** What calls are worth together. @param before minutes before the start */
function worthOfCalls(...before: number[]): number {
  const at = before.map((minutes) => now - minutes * minute);
  return at.reduce((sum, each, index) => {
    const next = at[index + 1];
    return sum + (next === undefined ? untilStart(worth(), each) : untilNext(worth(), each, next));
  }, 0);
}

describe('what copies are worth', () => {
  it('is a minute for each fresh one of the last hour but its end', () => {
    expect(worthOfCalls(75)).toBeCloseTo(45);
    expect(worthOfCalls(65)).toBeCloseTo(45);
    expect(worthOfCalls(90)).toBeCloseTo(30);
    expect(worthOfCalls(120)).toBe(0);
  });

  it('is more in the last 15 minutes, and when the event starts', () => {
    // 5 min of near, 5 min of urgent.
    expect(worthOfCalls(20)).toBeCloseTo(5 + 10 * weights.urgent);
    expect(worthOfCalls(15)).toBeCloseTo(15 * weights.urgent + weights.start);
    expect(worthOfCalls(5)).toBeCloseTo(5 * weights.urgent + weights.start);
  });

  it('covers both classes with two calls', () => {
    expect(worthOfCalls(70, 15)).toBeCloseTo(45 + 15 * weights.urgent + weights.start);
    expect(worthOfCalls(25, 10)).toBeCloseTo(10 + 15 * weights.urgent + weights.start);
    expect(worthOfCalls(25, 10)).toBeGreaterThan(Math.max(worthOfCalls(25), worthOfCalls(10)));
  });

  it('is higher for an event with our riders', () => {
    const at = now - 15 * minute;
    expect(untilStart(worth({ hasOurs: true }), at)).toBeCloseTo(weights.ours * untilStart(worth(), at));
  });
});

describe('what many copies are worth until those after them', () => {
  it('is what each is worth until each, with the last before all others', () => {
    const leads = fc.uniqueArray(fc.integer({ min: -5, max: 140 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(leads, (all) => {
        const [ours = 0, ...calls] = all.toSorted((a, b) => b - a).map((lead) => now - lead * minute);
        const copies = [...calls, ours];
        const many = untilEachNext(worth(), copies);
        for (const [row, copy] of copies.entries())
          for (const [column, next] of calls.entries())
            if (next > copy) {
              const each = many[row * calls.length + column];
              expect(each).toBeCloseTo(untilNext(worth(), copy, next), 6);
            }
      }),
    );
  });
});

describe('the chance that one of our riders joins', () => {
  const signups = fc.integer({ min: 0, max: 200 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  it('is certain once one is seen, and grows with the signups that no copy shows', () => {
    expect(chanceOfOurs(candidate('a', 10, { hasOurs: true }), 0)).toBe(1);
    fc.assert(
      fc.property(signups, signups, share, (listedSignups, more, perSignup) => {
        const few = chanceOfOurs(candidate('a', 10, { listedSignups }), perSignup);
        const many = chanceOfOurs(candidate('a', 10, { listedSignups: listedSignups + more }), perSignup);
        expect(few).toBeGreaterThanOrEqual(0);
        expect(many).toBeLessThanOrEqual(1);
        expect(many).toBeGreaterThanOrEqual(few);
      }),
    );
  });

  it('is none when the copy shows every signup', () => {
    expect(chanceOfOurs(candidate('a', 10, copied(5)), 0.5)).toBe(0);
  });

  it('is learned from the copies: a share between 0 and 1 that each copy with ours raises', () => {
    const copy = fc.record({ signupsListedThen: fc.integer({ min: 1, max: 100 }), hasOurs: fc.boolean() });
    fc.assert(
      fc.property(fc.array(copy, { minLength: 1, maxLength: 50 }), (copies) => {
        const events = copies.map((each, index) => candidate(String(index), 10, { ...copied(5), ...each }));
        const learned = learnOursPerSignup(events);
        expect(learned).toBeGreaterThan(0);
        expect(learned).toBeLessThan(1);
        const first = events.findIndex(({ hasOurs }) => !hasOurs);
        const raised = learnOursPerSignup(events.map((e, i) => (i === first ? { ...e, hasOurs: true } : e)));
        expect(raised).toBeGreaterThanOrEqual(learned);
      }),
    );
  });

  it('is unknown, and so none, without copies', () => {
    expect(learnOursPerSignup([candidate('a', 10)])).toBe(0);
  });
});
