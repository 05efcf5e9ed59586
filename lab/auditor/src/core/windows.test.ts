import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter, kindsOf, messagesOf } from './testing.ts';
import { RankedCounter } from './windows.ts';

/** `signups` allows one call a minute, `riders_single` five. */
const minute = 60_000;

describe('a window', () => {
  it('is valid when each call starts a window after the latest arrival of the previous one', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.settle('a', 400);
    journal.start('b', 400 + minute);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual([]);
    expect(budgetOf(result)).toMatchObject({ calls: 2, fullest: { calls: 1, limit: 1 }, certified: true });
  });

  it('is exceeded by one when a call starts a millisecond early', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.settle('a', 400);
    journal.start('b', 399 + minute);
    const result = journal.audit();
    expect(result.certified).toBe(false);
    expect(kindsOf(result)).toEqual(['over_limit']);
    expect(messagesOf(result, 'over_limit')[0]).toMatch(
      /43-b was started at .* as call 2 in a window that allows 1 \(1 call per minute\)\. .*43-a.* 0\.001 s later/,
    );
    expect(budgetOf(result)).toMatchObject({ fullest: { calls: 2, limit: 1 }, certified: false });
  });

  it('counts an unsettled call for as long as it may still arrive', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0, { latestIn: 35_000 });
    journal.start('b', 34_999 + minute);
    expect(kindsOf(journal.audit())).toEqual(['over_limit']);
  });

  it('does not count a returned permit', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.returned('a', 100);
    journal.start('b', 200);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(budgetOf(result).calls).toBe(1);
  });

  it('with a limit of five allows five and not six, wherever it starts', () => {
    const journal = createJournalWriter('riders_single');
    journal.claim();
    for (const [index, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      journal.start(name, index * 10_000);
      journal.settle(name, index * 10_000 + 50);
    }
    expect(journal.audit().certified).toBe(true);
    journal.start('f', 50 + minute);
    journal.settle('f', 100 + minute);
    expect(budgetOf(journal.audit())).toMatchObject({ fullest: { calls: 5, limit: 5 }, certified: true });
    journal.start('g', 10_049 + minute);
    expect(kindsOf(journal.audit())).toEqual(['over_limit']);
  });
});

describe('a policy that becomes stricter', () => {
  const two = { limit: 2, windowMs: minute };
  const one = { limit: 1, windowMs: minute };

  function withTwoCallsBefore() {
    const journal = createJournalWriter();
    journal.claim();
    journal.facts(journal.policy(two, 0));
    journal.start('a', 0);
    journal.settle('a', 100);
    journal.start('b', 200);
    return journal;
  }

  it('is kept by waiting until earlier calls have left the window', () => {
    const journal = withTwoCallsBefore();
    journal.settle('b', 300);
    journal.facts(journal.policy(one, 400));
    journal.start('c', 300 + minute);
    expect(journal.audit().certified).toBe(true);
  });

  it('is violated by a call that is not a probe, since the limiter knew the earlier calls', () => {
    const journal = withTwoCallsBefore();
    journal.settle('b', 300);
    journal.facts(journal.policy(one, 400));
    journal.start('c', 299 + minute);
    expect(kindsOf(journal.audit())).toEqual(['over_limit']);
  });

  it('counts only later calls for the probe, and reports the older ones', () => {
    const journal = withTwoCallsBefore();
    const named = { limit: 1, windowMs: 2 * minute };
    journal.rejected('b', 300, { kept: two, until: 50_000, named, attribution: 'policy_changed' });
    journal.start('probe', 50_000);
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(kindsOf(result)).toEqual(['older_calls_overlap', 'rejected']);
    expect(messagesOf(result, 'older_calls_overlap')[0]).toMatch(
      /2 calls from before the policy was known to be 1 call per 2 min/,
    );
    expect(budgetOf(result)).toMatchObject({ policy: named });
  });

  it('is violated by a second call after the probe', () => {
    const journal = withTwoCallsBefore();
    journal.rejected('b', 300, {
      kept: two,
      until: 50_000,
      named: { limit: 1, windowMs: 2 * minute },
      attribution: 'policy_changed',
    });
    journal.start('probe', 50_000);
    journal.settle('probe', 50_100);
    journal.start('c', 50_100 + minute);
    expect(kindsOf(journal.audit())).toContain('over_limit');
  });

  it('allows more calls after it becomes looser again', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    journal.facts(journal.policy(two, 10));
    journal.start('b', 20);
    expect(journal.audit().certified).toBe(true);
    journal.facts(journal.policy(null, 30));
    journal.start('c', 40);
    expect(kindsOf(journal.audit())).toEqual(['over_limit']);
  });
});

describe('a ranked counter', () => {
  it('counts added values above a bound', () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(values, values, fc.integer({ min: -1, max: 51 }), (added, later, bound) => {
        const counter = new RankedCounter([...added, ...later]);
        for (const value of added) counter.add(value);
        expect(counter.above(bound)).toBe(added.filter((value) => value > bound).length);
      }),
    );
  });
});
