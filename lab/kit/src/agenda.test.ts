import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgenda } from './agenda.ts';

describe('the agenda', () => {
  it('runs entries when they are due, ties in the order they were added', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 60 }), (delays) => {
        const agenda = createAgenda(1_000);
        const runs: Array<{ at: number; index: number }> = [];
        for (const [index, ms] of delays.entries())
          agenda.in(ms, () => runs.push({ at: agenda.now(), index }));
        agenda.runUntil(1_020);
        const due = delays
          .map((ms, index) => ({ at: 1_000 + ms, index }))
          .filter(({ at }) => at < 1_020)
          .toSorted((a, b) => a.at - b.at || a.index - b.index);
        expect(runs).toEqual(due);
        expect(agenda.now()).toBe(1_020);
      }),
    );
  });

  it('runs an entry for now after the current one', () => {
    const agenda = createAgenda(0);
    const runs: string[] = [];
    agenda.in(5, () => {
      agenda.in(0, () => runs.push('then'));
      runs.push('first');
    });
    agenda.in(5, () => runs.push('as added'));
    agenda.runUntil(6);
    expect(runs).toEqual(['first', 'as added', 'then']);
  });

  it('runs to the end and fails on an endless loop', () => {
    const agenda = createAgenda(0);
    const repeat = () => agenda.in(1, repeat);
    agenda.in(7, () => undefined);
    agenda.run(1);
    expect(agenda.now()).toBe(7);
    repeat();
    expect(() => agenda.run(10)).toThrow('not finished after 10 steps');
  });
});
