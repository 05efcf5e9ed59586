import type { Bound, PerRow } from './bound/bound.ts';
import { type Named, percent, type SeedResults, worstOf } from './cells.ts';

/** A row of freshness. */
export type RowOf = <Value>(rows: PerRow<Value>) => Value;

/** A column beside the strategies, for the rows of freshness. */
export interface Beside {
  readonly name: string;
  cellFor(rowOf: RowOf): string;
}

const shipped = 'paceline';

/** The best of the other strategies; in brackets the lead of the shipped one over it, in points: its smallest of all seeds. */
export function bestOther(results: readonly Named[]): Beside[] {
  const own = results.find(([name]) => name === shipped)?.[1];
  const others = results.filter(([name]) => name !== shipped);
  return own && others.length > 0
    ? [{ name: 'best other', cellFor: (rowOf) => leadCell(own, others, rowOf) }]
    : [];
}

function leadCell(own: SeedResults, others: readonly Named[], rowOf: RowOf): string {
  const cells = [...own].map(([seed, { freshness }]) => {
    const shares = others.map(([name, results]) => {
      const other = results.get(seed);
      return { name, share: other ? rowOf(other.freshness) : 0 };
    });
    const best = shares.reduce((before, each) => (each.share > before.share ? each : before));
    const lead = (rowOf(freshness) - best.share) * 100;
    const text = `${best.name} ${percent(best.share)} (${lead < 0 ? '−' : '+'}${Math.abs(lead).toFixed(1)})`;
    return { seed, text, badness: -lead };
  });
  return worstOf(cells);
}

/** The joint optimum; in brackets what the row could be alone. */
export const boundColumn = (bounds: ReadonlyMap<number, Bound>): Beside => ({
  name: 'bound',
  cellFor: (rowOf) =>
    worstOf(
      [...bounds].map(([seed, bound]) => {
        const { joint, alone } = rowOf(bound);
        return { seed, text: `${percent(joint)} (${percent(alone)})`, badness: -joint };
      }),
    ),
});
