import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter, kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A journal with a claim and one settled call. */
function oneCall() {
  const journal = createJournalWriter();
  journal.claim();
  journal.start('a', 0);
  journal.settle('a', 400);
  return journal;
}

describe('a valid ledger', () => {
  it('is certified with a takeover, a pause and a return', () => {
    const journal = oneCall();
    journal.claim(2_000, 'successor');
    journal.paused(3_000, 5 * minute);
    journal.start('b', 5 * minute);
    journal.returned('b', 5 * minute + 10);
    journal.start('c', 5 * minute + 20);
    expect(journal.audit()).toMatchObject({ certified: true, partitions: [{ partition: 3, entries: 8 }] });
  });

  it('has no findings when empty', () => {
    expect(createJournalWriter().audit()).toEqual({ certified: true, partitions: [], findings: [] });
  });
});

describe('the end of a call', () => {
  it("can't move the arrival later than booked", () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0, { latestIn: 40_000 });
    journal.settle('a', 45_000, 45_000);
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['late_settle']);
    expect(messagesOf(result, 'late_settle')[0]).toContain('5 s later than booked at the start');
  });

  it('keeps the booked interval when it is received late', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0, { latestIn: 40_000 });
    journal.settle('a', 45_000, 40_000);
    expect(journal.audit().certified).toBe(true);
  });

  it.each([
    ['a response', { result: 'answered' } as const, 399],
    ['a call without a response', { result: 'unanswered' } as const, 400],
  ])("can't be earlier than known from %s", (_, outcome, arrivesBy) => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.settle('a', 400, arrivesBy, outcome);
    expect(kindsOf(journal.audit())).toEqual(['early_settle']);
  });

  it('is valid once, for a started call', () => {
    const journal = oneCall();
    journal.returned('a', 500);
    expect(kindsOf(journal.audit())).toEqual(['ended_twice']);
    journal.settle('43-never', 600);
    expect(messagesOf(journal.audit(), 'never_started')).toEqual(['43-never was settled but never started.']);
  });
});

describe('a start', () => {
  it('is booked for at least the call timeout', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0, { latestIn: 29_999 });
    expect(kindsOf(journal.audit())).toEqual(['short_interval']);
  });

  it('is valid once', () => {
    const journal = oneCall();
    journal.start('a', 5 * minute);
    expect(kindsOf(journal.audit())).toEqual(['started_twice']);
  });

  it('is a violation under a claim that is no longer in force', () => {
    const journal = createJournalWriter();
    const old = journal.claim(0, 'frozen');
    journal.claim(1_000, 'successor');
    journal.start('late', 2_000, {}, old);
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['stale_owner']);
    expect(messagesOf(result, 'stale_owner')).toEqual([
      '43-late was started under claim 43 while claim 46 was in force.',
    ]);
  });

  it('is a violation during a pause and valid at its end', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.paused(0, 10_000);
    journal.start('early', 9_999);
    expect(kindsOf(journal.audit())).toEqual(['started_in_pause']);
    const other = createJournalWriter();
    other.claim();
    other.paused(0, 10_000);
    other.start('on time', 10_000);
    expect(other.audit().certified).toBe(true);
  });
});

describe('after a pause by upstream', () => {
  const kept = { limit: 5, windowMs: minute };

  function rejectedOnce() {
    const journal = createJournalWriter('riders_single');
    journal.claim();
    journal.start('a', 0);
    journal.rejected('a', 300, { kept, until: 52_300, attribution: 'foreign_caller' });
    return journal;
  }

  it('allows one probe, then the others once it succeeded', () => {
    const journal = rejectedOnce();
    journal.start('probe', 52_300);
    journal.settle('probe', 52_500);
    journal.start('b', 52_500);
    journal.start('c', 52_501);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual(['rejected']);
  });

  it('does not allow a second call beside the probe', () => {
    const journal = rejectedOnce();
    journal.start('probe', 52_300);
    journal.start('b', 52_301);
    expect(messagesOf(journal.audit(), 'second_probe')[0]).toContain('43-probe was still in flight');
  });

  it('does not count a call from before the pause as the probe', () => {
    const journal = createJournalWriter('riders_single');
    journal.claim();
    journal.start('a', 0);
    journal.start('b', 0);
    journal.rejected('a', 300, { kept, until: 52_300, attribution: 'foreign_caller' });
    journal.settle('b', 400);
    journal.start('probe', 52_300);
    journal.start('c', 52_301);
    expect(kindsOf(journal.audit())).toContain('second_probe');
  });
});

describe('a lost journal', () => {
  function lost() {
    const journal = createJournalWriter();
    journal.facts(
      { fact: 'journal_lost', at: journal.at(0) },
      { fact: 'claimed', owner: 'limiter', at: journal.at(0) },
    );
    return journal;
  }

  it('is reported, and certified when no call starts for a window', () => {
    const journal = lost();
    journal.start('a', minute, {}, 43);
    // Started in the lost part.
    journal.settle('7-before', minute + 10);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual(['journal_lost']);
  });

  it('is a violation when a call starts earlier', () => {
    const journal = lost();
    journal.start('a', minute - 1, {}, 43);
    expect(kindsOf(journal.audit())).toEqual(['journal_lost', 'started_after_loss']);
  });
});

describe('a restored call', () => {
  /** The end of the journal, with the start of a call, was lost. */
  function restored() {
    const journal = createJournalWriter();
    journal.claim();
    journal.claim(2_000);
    journal.restored('43-a', 500, 1_000, 2_000);
    return journal;
  }

  it('is reported, and certified when its window is kept', () => {
    const journal = restored();
    journal.start('b', 1_000 + minute);
    const result = journal.audit([journal.arrival(700), journal.arrival(1_100 + minute)]);
    expect(kindsOf(result)).toEqual(['call_restored']);
    expect(result.certified).toBe(true);
    expect(budgetOf(result)).toMatchObject({ calls: 2, arrivals: { arrived: 2, foreign: 0 } });
  });

  it('counts in its window like a started one', () => {
    const journal = restored();
    journal.start('b', 999 + minute);
    expect(kindsOf(journal.audit())).toEqual(['call_restored', 'over_limit']);
  });

  it('may not overfill the window of an earlier call itself', () => {
    const journal = oneCall();
    journal.claim(2_000);
    journal.restored('43-b', 900, 1_000, 2_000);
    expect(kindsOf(journal.audit())).toContain('over_limit');
  });

  it('is a violation when the journal still has it and it counts', () => {
    const journal = oneCall();
    journal.restored('a', 0, 400, 2_000);
    expect(kindsOf(journal.audit())).toEqual(['restored_twice']);
  });
});

describe('a gap in the journal', () => {
  /** Entries from the middle are missing: the end of a call, and the start of another. */
  function withGap() {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    const from = journal.entries.length;
    journal.settle('a', 400);
    journal.start('lost', 400 + minute);
    const to = journal.entries.length;
    journal.settle('lost', 500 + minute);
    journal.start('c', 500 + 2 * minute);
    return { journal, lose: () => journal.entries.splice(from, to - from) };
  }

  it('is reported, and explains what its owner knew', () => {
    const { journal, lose } = withGap();
    const snapshot = journal.snapshot(501 + 2 * minute, [
      { intervals: [journal.interval('c', 500 + 2 * minute, 700_500)] },
    ]);
    journal.recoverFrom(snapshot);
    expect(journal.audit().certified).toBe(false);
    lose();
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['entries_missing']);
    expect(messagesOf(result, 'entries_missing')).toEqual([
      'Entries between 46 and 55 are missing: the last of them was 52.',
    ]);
    expect(result.certified).toBe(true);
  });

  it('explains nothing that the next owner does', () => {
    const { journal, lose } = withGap();
    journal.facts(
      { fact: 'journal_lost', at: journal.at(3 * minute) },
      { fact: 'claimed', owner: 'limiter', at: journal.at(3 * minute) },
    );
    lose();
    journal.start('early', 3 * minute + 1, {}, 61);
    expect(kindsOf(journal.audit())).toContain('started_after_loss');
  });

  it('explains a recovery entry that was in it', () => {
    const journal = createJournalWriter();
    journal.claim();
    const snapshot = journal.snapshot(0, []);
    journal.start('a', 0);
    journal.recoverFrom(snapshot);
    journal.settle('a', 400);
    journal.entries.splice(1, 1);
    expect(journal.audit().certified).toBe(true);
  });
});

describe('ledger time', () => {
  it('does not go back under one owner', () => {
    const journal = oneCall();
    journal.start('b', 399);
    expect(kindsOf(journal.audit())).toContain('time_went_back');
  });

  it('does not go back at a claim while a call counts', () => {
    const journal = oneCall();
    journal.start('b', 399 + hour);
    journal.claim(hour);
    expect(kindsOf(journal.audit())).toEqual(['time_went_back']);
  });

  it('can go back at a claim when no call counts', () => {
    const journal = oneCall();
    journal.start('b', hour);
    journal.settle('b', hour + 100);
    journal.paused(2 * hour, 2 * hour + 1);
    journal.facts(journal.policy(null, 2 * hour + 1));
    journal.claim(hour - 10_000);
    journal.start('c', hour - 9_000);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual(['clock_set_back']);
  });

  it('follows the order of the entries', () => {
    const journal = oneCall();
    journal.entries.push(...journal.entries.splice(1, 1));
    expect(kindsOf(journal.audit())).toContain('out_of_order');
  });
});
