import { describe, expect, it } from 'vitest';
import { budgetOf, createScribe, kindsOf, said } from './testing.ts';

const minute = 60_000;

/** A journal with one call, stated anew, and one entry that says so. */
function restatedOnce() {
  const scribe = createScribe();
  scribe.claim();
  scribe.start('a', 0);
  scribe.settle('a', 400);
  const restated = scribe.restate(500, [{ intervals: [scribe.interval('a', 0, 400)] }]);
  scribe.recoverFrom(restated);
  scribe.start('b', 400 + minute);
  return scribe;
}

describe('where to recover from', () => {
  it('is an entry that states anew what weighs', () => {
    expect(restatedOnce().audit().certified).toBe(true);
  });

  it('is there', () => {
    const scribe = restatedOnce();
    scribe.recoverFrom(50);
    scribe.claim(3 * minute);
    expect(said(scribe.audit(), 'recovers_from_nothing')).toEqual([
      'Entry 58 says to recover from entry 50, which is not there.',
    ]);
  });

  it('has not yet to come, and states something anew', () => {
    const scribe = restatedOnce();
    scribe.recoverFrom(61);
    scribe.claim(3 * minute);
    scribe.restate(3 * minute, []);
    scribe.recoverFrom(43);
    scribe.claim(4 * minute);
    expect(said(scribe.audit(), 'recovers_from_nothing')).toEqual([
      'Entry 58 says to recover from entry 61, which comes later.',
      'Entry 64 says to recover from entry 43, which states nothing anew.',
    ]);
  });
});

describe('what is stated anew', () => {
  it.each([
    ['a call that is forgotten', () => ({})],
    [
      'a call that arrived earlier',
      (scribe: ReturnType<typeof createScribe>) => ({ intervals: [scribe.interval('a', 0, 399)] }),
    ],
    [
      'a call that never was',
      (scribe: ReturnType<typeof createScribe>) => ({
        intervals: [scribe.interval('a', 0, 400), scribe.interval('43-x', 0, 400)],
      }),
    ],
    [
      'another policy',
      () => ({ policy: { limit: 9, windowMs: minute, from: 'operator' as const, since: 0 } }),
    ],
    [
      'a pause that nobody made',
      (scribe: ReturnType<typeof createScribe>) => ({
        pausedUntil: { upstream: scribe.at(minute), operator: null },
      }),
    ],
  ])('is what the facts tell: not %s', (_, recordOf) => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.settle('a', 400);
    scribe.restate(500, [recordOf(scribe)]);
    expect(kindsOf(scribe.audit())).toEqual(['restated_otherwise']);
  });

  it('need not name a call that had left its window before a longer one was known', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.settle('a', 400);
    const longer = { limit: 1, windowMs: 60 * minute };
    scribe.facts(scribe.policy(longer, 2 * minute));
    scribe.restate(2 * minute, [{ policy: { ...longer, from: 'operator', since: scribe.at(2 * minute) } }]);
    expect(scribe.audit().certified).toBe(true);
  });
});

describe('a journal whose past was cut off', () => {
  it('is judged from where all that counted has been stated anew', () => {
    const scribe = restatedOnce();
    scribe.settle('b', 500 + minute);
    // What is left begins with the settle of a call whose start is gone.
    scribe.entries.splice(0, 2);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual(['history_begins_later']);
    expect(budgetOf(judged)).toMatchObject({ calls: 1, fullest: { calls: 1, limit: 1 } });
  });

  it('still counts the calls that were stated anew', () => {
    const scribe = restatedOnce();
    scribe.entries.splice(0, 2);
    scribe.start('early', 401 + minute);
    expect(kindsOf(scribe.audit())).toContain('over_full');
  });

  it('keeps the policies, pauses and owners that it was told', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.claim();
    const two = { limit: 2, windowMs: minute };
    const restated = scribe.restate(0, [
      {
        policy: { ...two, from: 'upstream', since: 0 },
        pausedUntil: { upstream: null, operator: scribe.at(1_000) },
      },
    ]);
    scribe.recoverFrom(restated);
    scribe.start('a', 1_000);
    scribe.start('b', 1_001);
    scribe.entries.splice(0, 2);
    expect(scribe.audit().certified).toBe(true);
    scribe.start('stale', 1_002, {}, 43);
    expect(kindsOf(scribe.audit())).toEqual(expect.arrayContaining(['stale_owner', 'over_full']));
  });

  it('can not be recovered from when nothing was stated anew since', () => {
    const scribe = restatedOnce();
    scribe.entries.splice(0, 4);
    expect(said(scribe.audit(), 'recovers_from_nothing')).toEqual([
      'Entry 55 says to recover from entry 52, which is not there.',
    ]);
    const other = createScribe();
    other.claim();
    other.start('a', 0);
    other.entries.splice(0, 1);
    expect(said(other.audit(), 'recovers_from_nothing')).toEqual([
      'Entry 46 says to recover from its beginning, which is gone.',
    ]);
  });
});
