import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf, createScribe, kindsOf, said } from './testing.ts';
import { RankedCounter } from './windows.ts';

/** `signups` allows one call a minute, `riders_single` five. */
const minute = 60_000;

describe('a window', () => {
  it('holds when each call starts a window after the last one can have arrived', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.settle('a', 400);
    scribe.start('b', 400 + minute);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual([]);
    expect(budgetOf(judged)).toMatchObject({ calls: 2, fullest: { calls: 1, limit: 1 }, certified: true });
  });

  it('is over-full by one when a call starts a millisecond too early', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.settle('a', 400);
    scribe.start('b', 399 + minute);
    const judged = scribe.audit();
    expect(judged.certified).toBe(false);
    expect(kindsOf(judged)).toEqual(['over_full']);
    expect(said(judged, 'over_full')[0]).toMatch(
      /43-b was started at .* as call 2 of a window that holds 1 \(1 call per minute\)\. .*43-a.* 0\.001 s later/,
    );
    expect(budgetOf(judged)).toMatchObject({ fullest: { calls: 2, limit: 1 }, certified: false });
  });

  it('counts a call of which nothing was heard for as long as it may still arrive', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0, { latestIn: 35_000 });
    scribe.start('b', 34_999 + minute);
    expect(kindsOf(scribe.audit())).toEqual(['over_full']);
  });

  it('does not count a call that never left', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.returned('a', 100);
    scribe.start('b', 200);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(budgetOf(judged).calls).toBe(1);
  });

  it('of five holds five and not six, wherever it begins', () => {
    const scribe = createScribe('riders_single');
    scribe.claim();
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      scribe.start(name, index * 10_000);
      scribe.settle(name, index * 10_000 + 50);
    }
    expect(scribe.audit().certified).toBe(true);
    scribe.start('f', 50 + minute);
    scribe.settle('f', 100 + minute);
    expect(budgetOf(scribe.audit())).toMatchObject({ fullest: { calls: 5, limit: 5 }, certified: true });
    scribe.start('g', 10_049 + minute);
    expect(kindsOf(scribe.audit())).toEqual(['over_full']);
  });
});

describe('a policy that gets stricter', () => {
  const two = { limit: 2, windowMs: minute };
  const one = { limit: 1, windowMs: minute };

  function withTwoCallsBefore() {
    const scribe = createScribe();
    scribe.claim();
    scribe.facts(scribe.policy(two, 0));
    scribe.start('a', 0);
    scribe.settle('a', 100);
    scribe.start('b', 200);
    return scribe;
  }

  it('is kept by waiting until the calls of before have left', () => {
    const scribe = withTwoCallsBefore();
    scribe.settle('b', 300);
    scribe.facts(scribe.policy(one, 400));
    scribe.start('c', 300 + minute);
    expect(scribe.audit().certified).toBe(true);
  });

  it('is broken by a call that nobody invited, since its limiter knew of those before', () => {
    const scribe = withTwoCallsBefore();
    scribe.settle('b', 300);
    scribe.facts(scribe.policy(one, 400));
    scribe.start('c', 299 + minute);
    expect(kindsOf(scribe.audit())).toEqual(['over_full']);
  });

  it('is judged from then on for the call that upstream invited, and the older ones that it may meet are told', () => {
    const scribe = withTwoCallsBefore();
    const named = { limit: 1, windowMs: 2 * minute };
    scribe.rejected('b', 300, { kept: two, until: 50_000, named, attribution: 'policy_changed' });
    scribe.start('probe', 50_000);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual(['older_calls_overlap', 'rejected']);
    expect(said(judged, 'older_calls_overlap')[0]).toMatch(
      /2 calls of before the policy was known to be 1 call per 2 min/,
    );
    expect(budgetOf(judged)).toMatchObject({ policy: named });
  });

  it('is broken by a second call after the one that was invited', () => {
    const scribe = withTwoCallsBefore();
    scribe.rejected('b', 300, {
      kept: two,
      until: 50_000,
      named: { limit: 1, windowMs: 2 * minute },
      attribution: 'policy_changed',
    });
    scribe.start('probe', 50_000);
    scribe.settle('probe', 50_100);
    scribe.start('c', 50_100 + minute);
    expect(kindsOf(scribe.audit())).toContain('over_full');
  });

  it('that gets looser counts from then on', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.facts(scribe.policy(two, 10));
    scribe.start('b', 20);
    expect(scribe.audit().certified).toBe(true);
    scribe.facts(scribe.policy(null, 30));
    scribe.start('c', 40);
    expect(kindsOf(scribe.audit())).toEqual(['over_full']);
  });
});

describe('a ranked counter', () => {
  it('counts what has come above a bound as counting one by one does', () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(values, values, fc.integer({ min: -1, max: 51 }), (come, yet, bound) => {
        const counter = new RankedCounter([...come, ...yet]);
        for (const value of come) counter.add(value);
        expect(counter.above(bound)).toBe(come.filter((value) => value > bound).length);
      }),
    );
  });
});
