import { mapValues } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { bestOther, boundColumn } from './beside.ts';
import type { Bound } from './bound/bound.ts';
import type { Named } from './cells.ts';
import type { SimulationResult } from './result.ts';

const rows = { urgent: 0, near: 0, lastHour: 0, far: 0, atStart: 0 };
const withUrgent = (urgent: number) =>
  ({ freshness: { all: { ...rows, urgent }, ours: rows } }) as unknown as SimulationResult;
const seeds = (...shares: readonly number[]) =>
  new Map(shares.map((share, index) => [index + 1, withUrgent(share)]));

describe('the best other strategy', () => {
  const urgentCell = (results: readonly Named[]) =>
    bestOther(results).map(({ cellFor }) => cellFor((freshness) => freshness.all.urgent));

  it('is shown with the lead of paceline over it', () => {
    expect(
      urgentCell([
        ['C', seeds(0.936)],
        ['D', seeds(0.9)],
        ['paceline', seeds(0.94)],
      ]),
    ).toEqual(['C 93.6 % (+0.4)']);
  });

  it('is that of the seed with the smallest lead', () => {
    const results: readonly Named[] = [
      ['C', seeds(0.5, 0.8)],
      ['D', seeds(0.6, 0.7)],
      ['paceline', seeds(0.9, 0.75)],
    ];
    expect(urgentCell(results)).toEqual(['C 80.0 % (−5.0) #2']);
  });

  it('is left out without others, or without paceline', () => {
    expect(urgentCell([['paceline', seeds(0.9)]])).toEqual([]);
    expect(
      urgentCell([
        ['C', seeds(0.9)],
        ['D', seeds(0.9)],
      ]),
    ).toEqual([]);
  });
});

it('shows the bound of the worst seed, and what its row could be alone', () => {
  const bound = (joint: number, alone: number): Bound => {
    const each = mapValues(rows, () => ({ joint, alone }));
    return { all: each, ours: each };
  };
  const { cellFor } = boundColumn(
    new Map([
      [1, bound(0.95, 0.99)],
      [2, bound(0.94, 0.98)],
    ]),
  );
  expect(cellFor((freshness) => freshness.ours.near)).toBe('94.0 % (98.0 %) #2');
});
