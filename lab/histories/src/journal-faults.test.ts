import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Omitted } from './call-log.ts';
import { historyWith, journalFaultKinds } from './histories.ts';
import { maxInWindow } from './upstream.ts';
import { type History, runHistory } from './world.ts';

const overruns = (history: History, without?: Omitted): number => {
  const { limit, windowMs } = history.policy;
  const { arrivals } = runHistory(history, { without });
  return Math.max(0, maxInWindow([...arrivals.values()], windowMs) - limit);
};

describe('when the broker breaks its word', () => {
  it.each(journalFaultKinds)('no window has more than N arrivals: %s', (kind) => {
    fc.assert(
      fc.property(historyWith(kind), (history) => {
        expect(overruns(history)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('no window has more than N arrivals: all of it together', () => {
    fc.assert(
      fc.property(historyWith(...journalFaultKinds), (history) => {
        expect(overruns(history)).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['records', 'power cut'],
    ['records', 'journal is rewound'],
    ['records', 'journal loses its middle'],
    ['records', 'journal forks'],
    ['terms', 'journal forks'],
  ] as const)('without %s in Postgres windows have more: %s', (omitted, kind) => {
    const histories = fc.sample(historyWith(kind), { numRuns: 200, seed: 1 });
    expect(histories.filter((history) => overruns(history, omitted) > 0).length).toBeGreaterThan(0);
  });
});
