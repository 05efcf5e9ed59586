import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter } from './testing.ts';

const minute = 60_000;

describe('the figures of a budget', () => {
  it('include the utilisation of the limit', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.settle('a', 10);
    journal.start('b', minute + 10);
    // Three one-minute windows start in this time, so one more call was possible.
    journal.claim(3 * minute - 1);
    expect(budgetOf(journal.audit()).utilisation).toEqual({ made: 2, possible: 3 });
  });

  it('apply each policy to the time it was in force', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.facts(journal.policy({ limit: 10, windowMs: minute }, 5 * minute));
    journal.claim(6 * minute - 1);
    expect(budgetOf(journal.audit()).utilisation).toEqual({ made: 0, possible: 15 });
  });

  it('count estimates kept within 1.5 s, as the limiter does, and the worst lateness', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 1_500, { firstEstimate: 0 });
    journal.returned('a', 1_500);
    journal.start('b', 5_000, { firstEstimate: 3_499 });
    journal.returned('b', 5_000);
    journal.start('c', 6_000);
    expect(budgetOf(journal.audit()).estimates).toEqual({ kept: 1, missed: 1, worstLatenessMs: 1_501 });
  });

  it('include the longest wait of each lane', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', minute, { requestedAt: 0 });
    journal.settle('a', minute + 10);
    journal.start('b', 3 * minute, { requestedAt: 150_000 });
    expect(journal.audit().partitions[0]?.accounts[0]?.longestWaits).toEqual({ far_event_sync: minute });
  });
});
