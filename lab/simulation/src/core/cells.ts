import type { SimulationResult } from './result.ts';
import type { StrategyName } from './simulate.ts';

/** The results of a strategy by seed. */
export type SeedResults = ReadonlyMap<number, SimulationResult>;
export type Named = readonly [name: StrategyName, results: SeedResults];

interface SeedCell {
  readonly seed: number;
  readonly text: string;
  /** The higher, the worse; decides which seed is shown. */
  readonly badness: number;
}

/** The text of the worst seed, the first of them if there are several; with its number unless all seeds read the same. */
export function worstOf(cells: readonly SeedCell[]): string {
  const worst = cells.reduce((before, each) => (each.badness > before.badness ? each : before));
  return cells.every(({ text }) => text === worst.text) ? worst.text : `${worst.text} #${worst.seed}`;
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
