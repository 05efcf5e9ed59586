import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgenda } from './agenda.ts';

describe('the agenda', () => {
  it('lets things happen when they are due, and those that are due at once in the order of their entry', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 60 }), (delays) => {
        const agenda = createAgenda(1_000);
        const happened: Array<{ at: number; index: number }> = [];
        for (const [index, ms] of delays.entries())
          agenda.in(ms, () => happened.push({ at: agenda.now(), index }));
        agenda.runUntil(1_020);
        const due = delays
          .map((ms, index) => ({ at: 1_000 + ms, index }))
          .filter(({ at }) => at < 1_020)
          .toSorted((a, b) => a.at - b.at || a.index - b.index);
        expect(happened).toEqual(due);
        expect(agenda.now()).toBe(1_020);
      }),
    );
  });

  it('lets what is entered for now happen after what is under way', () => {
    const agenda = createAgenda(0);
    const happened: string[] = [];
    agenda.in(5, () => {
      agenda.in(0, () => happened.push('then'));
      happened.push('first');
    });
    agenda.in(5, () => happened.push('as entered'));
    agenda.runUntil(6);
    expect(happened).toEqual(['first', 'as entered', 'then']);
  });

  it('runs to its end, and says so when there is none', () => {
    const agenda = createAgenda(0);
    const ever = () => agenda.in(1, ever);
    agenda.in(7, () => undefined);
    agenda.run(1);
    expect(agenda.now()).toBe(7);
    ever();
    expect(() => agenda.run(10)).toThrow('no end');
  });
});
