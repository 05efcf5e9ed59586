import { describe, expect, it } from 'vitest';
import { budgetOf, createScribe, kindsOf, said } from './testing.ts';

const minute = 60_000;
const one = { limit: 1, windowMs: minute };

function rejectedOnce(rejection: Partial<Parameters<ReturnType<typeof createScribe>['rejected']>[2]>) {
  const scribe = createScribe();
  scribe.claim();
  scribe.start('a', 0);
  scribe.settle('a', 400);
  scribe.start('b', 400 + minute);
  scribe.rejected('b', 600 + minute, {
    kept: one,
    until: 2 * minute,
    attribution: 'foreign_caller',
    ...rejection,
  });
  return scribe;
}

describe('a 429', () => {
  it('is explained by what was kept, what was in the window and what upstream named', () => {
    const scribe = rejectedOnce({ named: { limit: 1, windowMs: 2 * minute }, attribution: 'policy_changed' });
    const judged = scribe.audit();
    expect(judged.certified).toBe(true);
    expect(budgetOf(judged).rejected).toBe(1);
    expect(said(judged, 'rejected')).toEqual([
      expect.stringMatching(
        /^43-b, started at .*, was answered 429\. 1 call per minute was kept, and 0 of our other calls could have been in its window\. Upstream named 1 call per 2 min and 59\.4 s to stay away; the budget closed until .*\. So upstream enforces a stricter policy than the one that was kept \(policy_changed\)\.$/,
      ),
    ]);
  });

  it('of which the journal says that it was ours is told apart when the numbers say otherwise', () => {
    expect(kindsOf(rejectedOnce({ attribution: 'ours' }).audit())).toEqual([
      'rejected',
      'attributed_otherwise',
    ]);
  });

  it('counts what may have arrived with it, too, but not what came a window later', () => {
    const scribe = createScribe('riders_single');
    scribe.claim();
    const kept = { limit: 5, windowMs: minute };
    scribe.start('slow', 0);
    for (const name of ['b', 'c', 'd', 'e']) scribe.start(name, 10);
    for (const name of ['b', 'c', 'd', 'e']) scribe.settle(name, 100);
    for (const name of ['f', 'g', 'h', 'i']) scribe.start(name, 100 + minute);
    scribe.rejected('slow', 101 + minute, { kept, until: 3 * minute, attribution: 'foreign_caller' });
    const judged = scribe.audit();
    expect(kindsOf(judged)).toEqual(['rejected']);
    expect(said(judged, 'rejected')[0]).toContain('and 4 of our other calls could have been in its window');
  });

  it('of a policy that was not in force is found', () => {
    expect(kindsOf(rejectedOnce({ kept: { limit: 7, windowMs: minute } }).audit())).toContain('other_policy');
  });

  it('of a call that was never started is found', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.rejected('43-x', 10, { kept: one, until: minute, attribution: 'foreign_caller' });
    expect(kindsOf(scribe.audit())).toContain('never_started');
  });
});
