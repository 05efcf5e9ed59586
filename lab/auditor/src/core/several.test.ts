import { describe, expect, it } from 'vitest';
import { exampleAccount, exampleJournal } from './testing-example.ts';
import { kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;

describe('a call that counts in several budgets', () => {
  it('is booked in each of them, and in no other', () => {
    const journal = exampleJournal('read');
    journal.start('a', 0);
    journal.settle('a', 100);
    journal.start('b', 1_000, { endpoint: 'upload' });
    const result = journal.audit();
    expect(kindsOf(result)).toEqual([]);
    const { budgets = [] } = result.partitions[0]?.accounts[0] ?? {};
    expect(budgets.map(({ endpoint, calls }) => [endpoint, calls])).toEqual([
      ['reads', 1],
      ['quarter', 2],
      ['hour', 2],
    ]);
  });

  it('violates each budget that it exceeds, and no other', () => {
    const journal = exampleJournal('read');
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      journal.start(name, index * 10_000, { lane: 'manual' });
      journal.settle(name, index * 10_000 + 100);
    }
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['over_limit']);
    const { budgets = [] } = result.partitions[0]?.accounts[0] ?? {};
    expect(budgets.filter(({ certified }) => !certified).map(({ endpoint }) => endpoint)).toEqual(['reads']);
  });

  it('is exceeded through calls of another endpoint', () => {
    const journal = exampleJournal('upload');
    for (const [index, name] of ['a', 'b', 'c'].entries())
      journal.start(name, index * 2 * minute, { endpoint: index === 0 ? 'read' : 'upload', lane: 'manual' });
    expect(kindsOf(journal.audit())).toEqual([]);
    journal.start('d', 8 * minute, { endpoint: 'poll' });
    expect(messagesOf(journal.audit(), 'over_limit')).toHaveLength(1);
  });

  it('must end under the endpoint for which it was started', () => {
    const journal = exampleJournal('read');
    journal.start('a', 0);
    journal.facts({
      fact: 'returned',
      account: exampleAccount,
      endpoint: 'upload',
      permit: journal.permitOf('a'),
      at: journal.at(10),
    });
    const result = journal.audit();
    expect(messagesOf(result, 'other_endpoint')[0]).toContain(
      'was returned as a call of upload, but started as one of read',
    );
    const { budgets = [] } = result.partitions[0]?.accounts[0] ?? {};
    expect(budgets.map(({ endpoint, certified }) => [endpoint, certified])).toEqual([
      ['reads', true],
      ['quarter', false],
      ['hour', false],
    ]);
  });

  it('is reported when a snapshot has it in only some of its budgets', () => {
    const snapshotWith = (quarter: readonly string[]) => {
      const journal = exampleJournal('read');
      journal.start('a', 0);
      journal.settle('a', 100);
      const intervals = [journal.interval('a', 0, 100)];
      journal.snapshot(
        2_000,
        ['reads', 'quarter', 'hour'].map((endpoint) => ({
          endpoint,
          intervals: endpoint === 'quarter' && quarter.length === 0 ? [] : intervals,
        })),
      );
      return kindsOf(journal.audit());
    };
    expect(snapshotWith(['a'])).toEqual([]);
    expect(snapshotWith([])).toEqual(['booked_in_part', 'snapshot_mismatch']);
  });

  it('may be missing in a snapshot from the windows that it has left', () => {
    const journal = exampleJournal('read');
    journal.start('a', 0);
    journal.settle('a', 100);
    const intervals = [journal.interval('a', 0, 100)];
    journal.snapshot(2 * minute, [
      { endpoint: 'reads', intervals: [] },
      { endpoint: 'quarter', intervals },
      { endpoint: 'hour', intervals },
    ]);
    expect(kindsOf(journal.audit())).toEqual([]);
  });

  it('of an endpoint that the file does not have is a violation', () => {
    const journal = exampleJournal('writes');
    journal.start('a', 0);
    expect(messagesOf(journal.audit(), 'unknown_name')).toEqual(['No endpoint is named writes.']);
  });

  it('that got a 429 is ours if any of the budgets on which it is booked was full', () => {
    const rejectedAfter = (calls: number) => {
      const journal = exampleJournal('upload');
      for (let index = 0; index <= calls; index += 1)
        journal.start(`call${index}`, index, { lane: 'manual' });
      const last = `call${calls}`;
      const rejected = (endpoint: string, limit: number, windowMs: number) => ({
        fact: 'rejected' as const,
        account: exampleAccount,
        endpoint,
        permit: journal.permitOf(last),
        at: journal.at(100),
        policy: { limit, windowMs },
        attribution: 'ours' as const,
      });
      journal.facts(
        journal.settled(last, 100, 100, { result: 'answered', status: 429 }),
        rejected('quarter', 3, 15 * minute),
        rejected('hour', 12, 60 * minute),
      );
      return kindsOf(journal.audit());
    };
    expect(rejectedAfter(2)).toEqual(['rejected', 'attribution_mismatch']);
    expect(rejectedAfter(3)).toEqual(['over_limit', 'rejected']);
  });

  it('is explained once when it got a 429', () => {
    const journal = exampleJournal('upload');
    journal.start('a', 0);
    const { account, permit, at } = {
      account: exampleAccount,
      permit: journal.permitOf('a'),
      at: journal.at(100),
    };
    journal.facts(journal.settled('a', 100, 100, { result: 'answered', status: 429 }), {
      fact: 'rejected',
      account,
      endpoint: 'hour',
      permit,
      at,
      policy: { limit: 12, windowMs: 60 * minute },
      attribution: 'foreign_caller',
    });
    const rejected = { ...journal.arrival(50, 'rejected'), policies: { quarter: limit(3), hour: limit(12) } };
    const result = journal.audit([rejected]);
    expect(kindsOf(result)).toEqual(['rejected']);
    expect(messagesOf(result, 'rejected')).toHaveLength(1);
  });
});

const limit = (calls: number) => ({ limit: calls, windowMs: 60 * minute });
