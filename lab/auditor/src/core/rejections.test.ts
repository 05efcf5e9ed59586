import { describe, expect, it } from 'vitest';
import { budgetOf, createJournalWriter, kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;
const one = { limit: 1, windowMs: minute };

function rejectedOnce(rejection: Partial<Parameters<ReturnType<typeof createJournalWriter>['rejected']>[2]>) {
  const journal = createJournalWriter();
  journal.claim();
  journal.start('a', 0);
  journal.settle('a', 400);
  journal.start('b', 400 + minute);
  journal.rejected('b', 600 + minute, {
    kept: one,
    until: 2 * minute,
    attribution: 'foreign_caller',
    ...rejection,
  });
  return journal;
}

describe('a 429', () => {
  it('is explained by the kept policy, the calls in the window and what upstream reported', () => {
    const journal = rejectedOnce({
      named: { limit: 1, windowMs: 2 * minute },
      attribution: 'policy_changed',
    });
    const result = journal.audit();
    expect(result.certified).toBe(true);
    expect(budgetOf(result).rejected).toBe(1);
    expect(messagesOf(result, 'rejected')).toEqual([
      expect.stringMatching(
        /^43-b, started at .*, got a 429\. The limiter kept 1 call per minute, and 0 of our other calls could have been in the window\. Upstream reported 1 call per 2 min, retry after 59\.4 s; the budget was paused until .*\. Cause: upstream enforces a stricter policy than the limiter kept \(policy_changed\)\.$/,
      ),
    ]);
  });

  it('is reported when the count contradicts the attribution', () => {
    expect(kindsOf(rejectedOnce({ attribution: 'ours' }).audit())).toEqual([
      'rejected',
      'attribution_mismatch',
    ]);
  });

  it('counts calls that may have arrived with it, not those a window later', () => {
    const journal = createJournalWriter('riders_single');
    journal.claim();
    const kept = { limit: 5, windowMs: minute };
    journal.start('slow', 0);
    for (const name of ['b', 'c', 'd', 'e']) journal.start(name, 10);
    for (const name of ['b', 'c', 'd', 'e']) journal.settle(name, 100);
    for (const name of ['f', 'g', 'h', 'i']) journal.start(name, 100 + minute);
    journal.rejected('slow', 101 + minute, { kept, until: 3 * minute, attribution: 'foreign_caller' });
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['rejected']);
    expect(messagesOf(result, 'rejected')[0]).toContain(
      'and 4 of our other calls could have been in the window',
    );
  });

  it('is a violation with a policy that was not in force', () => {
    expect(kindsOf(rejectedOnce({ kept: { limit: 7, windowMs: minute } }).audit())).toContain(
      'policy_mismatch',
    );
  });

  it('is a violation when a later answer loosens what it has taught', () => {
    const journal = rejectedOnce({
      named: { limit: 1, windowMs: 2 * minute },
      attribution: 'policy_changed',
    });
    journal.facts(journal.policy({ limit: 100, windowMs: minute }, 3 * minute, 'upstream'));
    expect(kindsOf(journal.audit())).toContain('loosened');
  });

  it('is a violation when it teaches more than the documented limit without naming it', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.start('a', 0);
    const looser = { limit: 100, windowMs: minute };
    journal.facts(journal.settled('a', 100, 100, { result: 'answered', status: 429, advertised: looser }), {
      fact: 'rejected',
      account: 'key-0123456789ab',
      endpoint: 'signups',
      permit: journal.permitOf('a'),
      at: journal.at(100),
      policy: one,
      attribution: 'foreign_caller',
      learned: looser,
    });
    expect(kindsOf(journal.audit())).toContain('loosened');
  });

  it('is a violation for a call that was never started', () => {
    const journal = createJournalWriter();
    journal.claim();
    journal.rejected('43-x', 10, { kept: one, until: minute, attribution: 'foreign_caller' });
    expect(kindsOf(journal.audit())).toContain('never_started');
  });
});

describe('a policy that headers advertise', () => {
  it.each([
    ['stricter than the documented one', { limit: 1, windowMs: 2 * minute }, []],
    ['looser than the documented one', { limit: 100, windowMs: minute }, ['loosened']],
  ])('that is %s', (_, policy, violations) => {
    const journal = createJournalWriter();
    journal.claim();
    journal.facts(journal.policy(policy, 100, 'upstream'));
    expect(kindsOf(journal.audit())).toEqual(violations);
  });
});
