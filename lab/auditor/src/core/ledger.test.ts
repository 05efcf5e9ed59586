import { describe, expect, it } from 'vitest';
import { createScribe, kindsOf, said } from './testing.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A journal with a claim and one settled call. */
function begun() {
  const scribe = createScribe();
  scribe.claim();
  scribe.start('a', 0);
  scribe.settle('a', 400);
  return scribe;
}

describe('a ledger kept by its rules', () => {
  it('is certified, through a takeover, a pause and a return', () => {
    const scribe = begun();
    scribe.claim(2_000, 'successor');
    scribe.paused(3_000, 5 * minute);
    scribe.start('b', 5 * minute);
    scribe.returned('b', 5 * minute + 10);
    scribe.start('c', 5 * minute + 20);
    expect(scribe.audit()).toMatchObject({ certified: true, partitions: [{ partition: 3, entries: 8 }] });
  });

  it('says nothing of a journal that is empty', () => {
    expect(createScribe().audit()).toEqual({ certified: true, partitions: [], findings: [] });
  });
});

describe('the end of a call', () => {
  it('can not make it arrive later than was booked', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0, { latestIn: 40_000 });
    scribe.settle('a', 45_000, 45_000);
    const judged = scribe.audit();
    expect(kindsOf(judged)).toEqual(['late_settle']);
    expect(said(judged, 'late_settle')[0]).toContain('5 s later than was booked at its start');
  });

  it('that is heard of late leaves the interval as it was booked', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0, { latestIn: 40_000 });
    scribe.settle('a', 45_000, 40_000);
    expect(scribe.audit().certified).toBe(true);
  });

  it.each([
    ['an answer', { result: 'answered' } as const, 399],
    ['a call without one', { result: 'unanswered' } as const, 400],
  ])('can not be earlier than it is known by %s', (_, outcome, arrivesBy) => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.settle('a', 400, arrivesBy, outcome);
    expect(kindsOf(scribe.audit())).toEqual(['early_settle']);
  });

  it('is told once, of a call that was started', () => {
    const scribe = begun();
    scribe.returned('a', 500);
    expect(kindsOf(scribe.audit())).toEqual(['ended_twice']);
    scribe.settle('43-never', 600);
    expect(said(scribe.audit(), 'never_started')).toEqual(['43-never was settled but never started.']);
  });
});

describe('a start', () => {
  it('is booked for as long as a call may take', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0, { latestIn: 29_999 });
    expect(kindsOf(scribe.audit())).toEqual(['short_interval']);
  });

  it('happens once', () => {
    const scribe = begun();
    scribe.start('a', 5 * minute);
    expect(kindsOf(scribe.audit())).toEqual(['started_twice']);
  });

  it('of an owner that is stale is none: a newer claim stands before it', () => {
    const scribe = createScribe();
    const old = scribe.claim(0, 'frozen');
    scribe.claim(1_000, 'successor');
    scribe.start('late', 2_000, {}, old);
    const judged = scribe.audit();
    expect(kindsOf(judged)).toEqual(['stale_owner']);
    expect(said(judged, 'stale_owner')).toEqual([
      '43-late was started under the claim 43, though the claim in force was 46.',
    ]);
  });

  it('in a pause breaks it, and one at its end does not', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.paused(0, 10_000);
    scribe.start('early', 9_999);
    expect(kindsOf(scribe.audit())).toEqual(['started_in_pause']);
    const other = createScribe();
    other.claim();
    other.paused(0, 10_000);
    other.start('on time', 10_000);
    expect(other.audit().certified).toBe(true);
  });
});

describe('after a pause of upstream’s', () => {
  const kept = { limit: 5, windowMs: minute };

  function rejectedOnce() {
    const scribe = createScribe('riders_single');
    scribe.claim();
    scribe.start('a', 0);
    scribe.rejected('a', 300, { kept, until: 52_300, attribution: 'foreign_caller' });
    return scribe;
  }

  it('one call goes ahead, and the others when it was let in', () => {
    const scribe = rejectedOnce();
    scribe.start('probe', 52_300);
    scribe.settle('probe', 52_500);
    scribe.start('b', 52_500);
    scribe.start('c', 52_501);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual(['rejected']);
  });

  it('a second one beside it is one too many', () => {
    const scribe = rejectedOnce();
    scribe.start('probe', 52_300);
    scribe.start('b', 52_301);
    expect(said(scribe.audit(), 'not_alone')[0]).toContain('43-probe was still under way');
  });

  it('a call from before it that is answered meanwhile lets nobody in', () => {
    const scribe = createScribe('riders_single');
    scribe.claim();
    scribe.start('a', 0);
    scribe.start('b', 0);
    scribe.rejected('a', 300, { kept, until: 52_300, attribution: 'foreign_caller' });
    scribe.settle('b', 400);
    scribe.start('probe', 52_300);
    scribe.start('c', 52_301);
    expect(kindsOf(scribe.audit())).toContain('not_alone');
  });
});

describe('a journal that was lost', () => {
  function lost() {
    const scribe = createScribe();
    scribe.facts(
      { fact: 'journal_lost', at: scribe.at(0) },
      { fact: 'claimed', owner: 'limiter', at: scribe.at(0) },
    );
    return scribe;
  }

  it('is told of, and certified when nobody calls for a window', () => {
    const scribe = lost();
    scribe.start('a', minute, {}, 43);
    // It was started in what is gone.
    scribe.settle('7-before', minute + 10);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual(['journal_lost']);
  });

  it('is not when somebody calls before', () => {
    const scribe = lost();
    scribe.start('a', minute - 1, {}, 43);
    expect(kindsOf(scribe.audit())).toEqual(['journal_lost', 'started_unknowing']);
  });
});

describe('the time of a ledger', () => {
  it('does not go back under one owner', () => {
    const scribe = begun();
    scribe.start('b', 399);
    expect(kindsOf(scribe.audit())).toContain('time_went_back');
  });

  it('does not go back at a claim while a call counts', () => {
    const scribe = begun();
    scribe.start('b', 399 + hour);
    scribe.claim(hour);
    expect(kindsOf(scribe.audit())).toEqual(['time_went_back']);
  });

  it('may go back at a claim when none does: what follows is judged by itself', () => {
    const scribe = begun();
    scribe.start('b', hour);
    scribe.settle('b', hour + 100);
    scribe.paused(2 * hour, 2 * hour + 1);
    scribe.facts(scribe.policy(null, 2 * hour + 1));
    scribe.claim(hour - 10_000);
    scribe.start('c', hour - 9_000);
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(kindsOf(judged)).toEqual(['clock_set_back']);
  });

  it('is in the order of the entries', () => {
    const scribe = begun();
    scribe.entries.push(...scribe.entries.splice(1, 1));
    expect(kindsOf(scribe.audit())).toContain('out_of_order');
  });
});
