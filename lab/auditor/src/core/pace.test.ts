import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleJournal } from './testing-example.ts';
import { kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;
const hour = 60 * minute;

/** The hour allows 12 calls, 2 of them reserved, and one may go ahead: `count` calls may go from here on. */
const opensAt = (count: number) => ((count - 1) / 10) * hour;

describe('a paced window', () => {
  it('is kept when each unforced call waits for its share', () => {
    const journal = exampleJournal('hourly');
    for (let calls = 1; calls <= 10; calls += 1) {
      journal.start(`call${calls}`, opensAt(calls) + 5_000);
      journal.settle(`call${calls}`, opensAt(calls) + 5_100);
    }
    expect(kindsOf(journal.audit())).toEqual([]);
  });

  it('is violated by an unforced call ahead of the share', () => {
    const journal = exampleJournal('hourly');
    journal.start('a', 5_000);
    journal.start('b', opensAt(2) - 1);
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['ahead_of_pace']);
    expect(messagesOf(result, 'ahead_of_pace')[0]).toMatch(
      /b was started at .* as call 2 in its window, which allows 1 call when 10\.0 % of it have passed/,
    );
  });

  it('counts forced calls, which may use the whole limit', () => {
    const journal = exampleJournal('hourly');
    for (let calls = 1; calls <= 12; calls += 1)
      journal.start(`forced${calls}`, calls * 1_000, { lane: 'manual' });
    expect(kindsOf(journal.audit())).toEqual([]);
    journal.start('unforced', 59 * minute);
    expect(kindsOf(journal.audit())).toEqual(['over_limit', 'ahead_of_pace']);
  });

  it('allows a forced call that was granted after the unforced one', () => {
    const journal = exampleJournal('hourly');
    journal.start('forced', opensAt(2) + 10_000, { lane: 'manual' });
    journal.start('also forced', opensAt(2) + 10_500, { lane: 'manual' });
    journal.start('unforced', opensAt(2) + 12_000);
    expect(kindsOf(journal.audit())).toEqual([]);
    const later = exampleJournal('hourly');
    later.start('forced', opensAt(2) + 10_000, { lane: 'manual' });
    later.start('also forced', opensAt(2) + 10_500, { lane: 'manual' });
    later.start('unforced', opensAt(2) + 12_501);
    expect(kindsOf(later.audit())).toEqual(['ahead_of_pace']);
  });

  it('starts again at the boundary', () => {
    const journal = exampleJournal('hourly');
    for (let calls = 1; calls <= 5; calls += 1) {
      journal.start(`call${calls}`, hour / 2 + 100 * calls);
      journal.settle(`call${calls}`, hour / 2 + 100 * calls + 50);
    }
    journal.start('next', hour + 5_000);
    expect(kindsOf(journal.audit())).toEqual([]);
    journal.start('too early', hour + 6_000);
    expect(kindsOf(journal.audit())).toEqual(['ahead_of_pace']);
  });

  it('is kept by any calls that a pacing limiter grants, and violated by one of them a call earlier', () => {
    const anyCall = fc.record({ idle: fc.integer({ min: 0, max: 5 * minute }), forced: fc.boolean() });
    fc.assert(
      fc.property(fc.array(anyCall, { minLength: 1, maxLength: 12 }), (planned) => {
        const journal = exampleJournal('hourly');
        let [at, last] = [5_000, -1];
        for (const [index, { idle, forced }] of planned.entries()) {
          at = Math.max(at, forced ? 0 : opensAt(index + 1)) + 2_001 + idle;
          if (at >= hour) break;
          journal.start(`call${index}`, at, forced ? { lane: 'manual' } : {});
          last = index;
        }
        expect(kindsOf(journal.audit())).toEqual([]);
        const early = exampleJournal('hourly');
        for (let index = 0; index <= last + 1; index += 1)
          early.start(`call${index}`, 10_000 + index, { lane: index <= last ? 'manual' : 'bulk' });
        early.start('unforced', opensAt(last + 3) - 1);
        if (opensAt(last + 3) < hour && last < 9) expect(kindsOf(early.audit())).toContain('ahead_of_pace');
      }),
    );
  });
});
