import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter, kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;

/** A journal with two calls, a window apart. */
function twoCalls() {
  const journal = createJournalWriter();
  journal.claim();
  journal.start('a', 0);
  journal.settle('a', 400);
  journal.start('b', 400 + minute);
  journal.settle('b', 800 + minute);
  return journal;
}

describe('an arrival', () => {
  it('matches each started call', () => {
    const journal = twoCalls();
    const result = journal.audit([journal.arrival(100), journal.arrival(600 + minute)]);
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual([]);
    expect(budgetOf(result).arrivals).toMatchObject({
      arrived: 2,
      foreign: 0,
      neverArrived: [],
      fullest: { calls: 1, limit: 1 },
    });
  });

  it('is foreign without a started call', () => {
    const journal = twoCalls();
    const result = journal.audit([
      journal.arrival(100),
      journal.arrival(20_000),
      journal.arrival(600 + minute),
    ]);
    expect(result.certified).toBe(true);
    expect(budgetOf(result).arrivals).toMatchObject({ arrived: 2, foreign: 1 });
    expect(messagesOf(result, 'foreign_calls')[0]).toContain('1 arrival without a started call');
  });

  it('is foreign on a budget that is not in the journal', () => {
    const journal = twoCalls();
    const result = journal.audit([
      { ...journal.arrival(100), policies: { clubs: { limit: 1, windowMs: 60 * minute } } },
    ]);
    expect(kindsOf(result)).toContain('foreign_calls');
  });

  it('matches the call with the earliest deadline, so that the fewest are foreign', () => {
    const journal = createJournalWriter('riders_single');
    journal.claim();
    journal.start('long', 0);
    journal.start('short', 10);
    journal.settle('short', 500);
    const result = journal.audit([journal.arrival(50), journal.arrival(90_000)]);
    expect(budgetOf(result).arrivals).toMatchObject({ arrived: 2, foreign: 0 });
  });

  it('can lie slightly outside its interval, since clocks differ', () => {
    const journal = twoCalls();
    const result = journal.audit([journal.arrival(450), journal.arrival(600 + minute)]);
    expect(kindsOf(result)).toEqual(['arrived_outside_interval']);
    expect(messagesOf(result, 'arrived_outside_interval')[0]).toContain('by at most 0.05 s');
  });

  it('can be later by the lag of the ledger’s time behind the sandbox’s clock', () => {
    const behind = 20_000;
    const journal = createJournalWriter('riders_single');
    journal.claim();
    journal.start('sent', 0);
    journal.settle('sent', 8_000);
    journal.start('back', 9_000);
    journal.returned('back', 9_500);
    // By the sandbox's clock each entry was stored `behind` after its own time.
    const storedAt = new Map(
      journal.entries.map(({ storedAt: at }, index) => [at, [0, 0, 8_000, 9_000, 9_500][index]]),
    );
    const projectTime = (realMs: number) => journal.at((storedAt.get(realMs) ?? 0) + behind);
    const arrivals = [journal.arrival(15_000)];
    expect(kindsOf(journal.audit(arrivals))).toContain('returned_arrived');
    expect(kindsOf(journal.audit(arrivals, projectTime))).toEqual([]);
    expect(kindsOf(journal.audit([journal.arrival(behind + 9_200)], projectTime))).toContain(
      'returned_arrived',
    );
  });

  it('violates the limit when two share a window by the sandbox’s clock', () => {
    const journal = twoCalls();
    const result = journal.audit([journal.arrival(1_200), journal.arrival(500 + minute)]);
    expect(result.certified).toBe(false);
    expect(kindsOf(result)).toEqual(['arrived_over_limit', 'arrived_outside_interval']);
    expect(budgetOf(result).arrivals?.fullest).toMatchObject({ calls: 2, limit: 1 });
  });

  it('denies the certificate when its permit was returned as unused', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.returned('a', 400);
    expect(kindsOf(journal.audit([journal.arrival(200)]))).toEqual(['returned_arrived']);
  });

  it('is reported when it was rejected and the journal has no 429', () => {
    const journal = twoCalls();
    const result = journal.audit([journal.arrival(100, 'rejected'), journal.arrival(600 + minute)]);
    expect(messagesOf(result, 'rejection_not_journalled')[0]).toContain('under 1 call per minute');
    expect(budgetOf(result).arrivals?.rejected).toBe(1);
  });

  it('helps explain a 429', () => {
    const journal = twoCalls();
    journal.start('c', 800 + 2 * minute);
    journal.rejected('c', 900 + 2 * minute, {
      kept: { limit: 1, windowMs: minute },
      until: 3 * minute,
      attribution: 'foreign_caller',
    });
    const arrivals = [100, 600 + minute, 50_000 + minute, 850 + 2 * minute].map((at) => journal.arrival(at));
    expect(messagesOf(journal.audit(arrivals), 'rejected')[0]).toContain(
      'Upstream enforced 1 call per minute, and 1 foreign call arrived in the window. Cause: another client uses the same key',
    );
  });

  it('is reported when no journal contains its key', () => {
    const journal = twoCalls();
    const unknown = { ...journal.arrival(100), key: 'ffffffff' };
    expect(messagesOf(journal.audit([unknown]), 'unknown_keys')[0]).toContain(
      '1 call used keys that no journal contains',
    );
  });
});

describe('a started call', () => {
  it('is reported when it did not arrive within the log’s time span', () => {
    const journal = twoCalls();
    journal.start('c', 800 + 2 * minute);
    const result = journal.audit([journal.arrival(100), { ...journal.arrival(90_000), policies: {} }]);
    expect(budgetOf(result).arrivals?.neverArrived).toEqual(['43-b']);
    expect(messagesOf(result, 'never_arrived')[0]).toContain('but 1 of them were settled as answered');
  });
});
