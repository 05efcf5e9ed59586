import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter, kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;

/** A journal with one call, a snapshot and an entry that refers to it. */
function withSnapshot() {
  const journal = createJournalWriter();
  journal.claim();
  journal.start('a', 0);
  journal.settle('a', 400);
  const snapshot = journal.snapshot(500, [{ intervals: [journal.interval('a', 0, 400)] }]);
  journal.recoverFrom(snapshot);
  journal.start('b', 400 + minute);
  return journal;
}

describe('the recovery entry', () => {
  it('is valid when it is a snapshot of everything that still counts', () => {
    expect(withSnapshot().audit().certified).toBe(true);
  });

  it('is invalid when it does not exist', () => {
    const journal = withSnapshot();
    journal.recoverFrom(50);
    journal.claim(3 * minute);
    expect(messagesOf(journal.audit(), 'invalid_recovery_entry')).toEqual([
      'Entry 58 says to recover from entry 50, which does not exist.',
    ]);
  });

  it('is invalid when it comes later or is not a snapshot', () => {
    const journal = withSnapshot();
    journal.recoverFrom(61);
    journal.claim(3 * minute);
    journal.snapshot(3 * minute, []);
    journal.recoverFrom(43);
    journal.claim(4 * minute);
    expect(messagesOf(journal.audit(), 'invalid_recovery_entry')).toEqual([
      'Entry 58 says to recover from entry 61, which comes later.',
      'Entry 64 says to recover from entry 43, which is not a snapshot.',
    ]);
  });
});

describe('a snapshot', () => {
  it.each([
    ['a missing call', () => ({})],
    [
      'an earlier arrival',
      (journal: ReturnType<typeof createJournalWriter>) => ({ intervals: [journal.interval('a', 0, 399)] }),
    ],
    [
      'a call that was never made',
      (journal: ReturnType<typeof createJournalWriter>) => ({
        intervals: [journal.interval('a', 0, 400), journal.interval('43-x', 0, 400)],
      }),
    ],
    [
      'a different policy',
      () => ({ policy: { limit: 9, windowMs: minute, from: 'operator' as const, since: 0 } }),
    ],
    [
      'a pause that was never made',
      (journal: ReturnType<typeof createJournalWriter>) => ({
        pausedUntil: { upstream: journal.at(minute), operator: null },
      }),
    ],
  ])('violates the facts with %s', (_, recordOf) => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.settle('a', 400);
    journal.snapshot(500, [recordOf(journal)]);
    expect(kindsOf(journal.audit())).toEqual(['snapshot_mismatch']);
  });

  it('can omit a call that left its window before a longer one was known', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.settle('a', 400);
    const longer = { limit: 1, windowMs: 60 * minute };
    journal.facts(journal.policy(longer, 2 * minute));
    journal.snapshot(2 * minute, [
      { policy: { ...longer, from: 'operator', since: journal.at(2 * minute) } },
    ]);
    expect(journal.audit().certified).toBe(true);
  });
});

describe('a purged journal', () => {
  it('is audited from its first complete snapshot', () => {
    const journal = withSnapshot();
    journal.settle('b', 500 + minute);
    // The rest starts with the settle of a call whose start was purged.
    journal.entries.splice(0, 2);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual(['history_purged']);
    expect(budgetOf(result)).toMatchObject({ calls: 1, fullest: { calls: 1, limit: 1 } });
  });

  it('still counts the calls of the snapshot', () => {
    const journal = withSnapshot();
    journal.entries.splice(0, 2);
    journal.start('early', 401 + minute);
    expect(kindsOf(journal.audit())).toContain('over_limit');
  });

  it('keeps the policies, pauses and owners of the snapshot', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.claim();
    const two = { limit: 2, windowMs: minute };
    const snapshot = journal.snapshot(0, [
      {
        policy: { ...two, from: 'upstream', since: 0 },
        pausedUntil: { upstream: null, operator: journal.at(1_000) },
      },
    ]);
    journal.recoverFrom(snapshot);
    journal.start('a', 1_000);
    journal.start('b', 1_001);
    journal.entries.splice(0, 2);
    expect(journal.audit().certified).toBe(true);
    journal.start('stale', 1_002, {}, 43);
    expect(kindsOf(journal.audit())).toEqual(expect.arrayContaining(['stale_owner', 'over_limit']));
  });

  it("can't be recovered without a snapshot", () => {
    const journal = withSnapshot();
    journal.entries.splice(0, 4);
    expect(messagesOf(journal.audit(), 'invalid_recovery_entry')).toEqual([
      'Entry 55 says to recover from entry 52, which does not exist.',
    ]);
    const other = createJournalWriter();
    other.claim();
    other.start('a', 0);
    other.entries.splice(0, 1);
    expect(messagesOf(other.audit(), 'invalid_recovery_entry')).toEqual([
      'Entry 46 says to recover from its start, which was purged.',
    ]);
  });
});
