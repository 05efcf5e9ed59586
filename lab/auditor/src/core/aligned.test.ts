import { describe, expect, it } from 'vitest';
import { exampleJournal } from './testing-example.ts';
import { budgetOf, kindsOf, messagesOf } from './testing.ts';

const minute = 60_000;
const quarter = 15 * minute;

/** A journal with as many calls in a quarter of an hour as it allows, answered by `answeredBy`. */
function fullQuarter(answeredBy: number) {
  const journal = exampleJournal('poll');
  for (const name of ['a', 'b', 'c']) journal.start(name, 14 * minute);
  for (const name of ['a', 'b', 'c']) journal.settle(name, answeredBy);
  return journal;
}

describe('an aligned window', () => {
  it('allows its limit again a second after its boundary', () => {
    const journal = fullQuarter(quarter - 1_000);
    for (const name of ['d', 'e', 'f']) journal.start(name, quarter + 1_000);
    const result = journal.audit();
    expect(kindsOf(result)).toEqual([]);
    expect(budgetOf(result)).toMatchObject({ calls: 6, fullest: { calls: 3, limit: 3 } });
  });

  it('is exceeded by a call in the second before it, as upstream’s clock may differ', () => {
    const journal = fullQuarter(quarter - 1_000);
    journal.start('d', quarter + 999);
    const result = journal.audit();
    expect(kindsOf(result)).toEqual(['over_limit']);
    expect(messagesOf(result, 'over_limit')[0]).toMatch(
      /as call 4 in a window that allows 3 \(3 calls per 15 min\)\. .* leaves the window at .*, 0\.001 s later/,
    );
  });

  it('counts a call in both spans when it may have arrived in either', () => {
    const journal = fullQuarter(quarter - 999);
    journal.start('d', 20 * minute);
    expect(kindsOf(journal.audit())).toEqual(['over_limit']);
  });

  it('counts a call until its boundary, however early it arrived', () => {
    const journal = fullQuarter(14 * minute + 10);
    journal.start('d', quarter - 1);
    expect(kindsOf(journal.audit())).toEqual(['over_limit']);
  });

  it('after a loss of the journal opens at the next boundary', () => {
    const lostIn = (startedAt: number) => {
      const journal = exampleJournal('poll');
      journal.facts({ fact: 'journal_lost', at: journal.at(10 * minute) });
      journal.start('a', startedAt);
      return kindsOf(journal.audit());
    };
    expect(lostIn(quarter + 1_000)).toEqual(['journal_lost']);
    expect(lostIn(quarter + 999)).toEqual(['started_after_loss', 'journal_lost'].toReversed());
  });

  it('allows as many calls as the spans that the audited time touches', () => {
    const journal = fullQuarter(quarter - 1_000);
    journal.claim(quarter + 1);
    expect(budgetOf(journal.audit()).utilisation).toEqual({ made: 3, possible: 6 });
  });
});

describe('arrivals in an aligned window', () => {
  const arrivedAt = (journal: ReturnType<typeof fullQuarter>, times: readonly number[]) =>
    journal.audit(times.map((at) => journal.arrival(at, 'accepted', ['quarter'])));

  it('are counted from its boundary by the sandbox’s clock', () => {
    const journal = fullQuarter(quarter + 5_000);
    const most = (...times: number[]) => budgetOf(arrivedAt(journal, times)).arrivals?.fullest?.calls;
    expect(most(quarter - 1, quarter - 1, quarter - 1)).toBe(3);
    expect(most(quarter - 1, quarter - 1, quarter)).toBe(2);
    expect(most(quarter - 1, quarter, quarter + 1)).toBe(2);
  });

  it('violate the limit when they share a span that their intervals do not', () => {
    const journal = fullQuarter(quarter - 1_000);
    journal.start('d', quarter + 1_000);
    const early = [14 * minute, 14 * minute, 14 * minute];
    expect(kindsOf(arrivedAt(journal, [...early, quarter + 1_500]))).toEqual([]);
    // The last one came within the clocks' difference, so it still belongs to its call.
    const skewed = arrivedAt(journal, [...early, quarter + 1_000 - 1_000]);
    expect(kindsOf(skewed)).toEqual(['arrived_outside_interval']);
    const late = [quarter, quarter, quarter, quarter + 1_500];
    expect(kindsOf(arrivedAt(journal, late))).toContain('arrived_over_limit');
  });
});
