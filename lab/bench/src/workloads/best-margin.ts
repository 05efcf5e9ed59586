/** What a margin came to. */
export interface Tried {
  /** The share that the strictest way of counting rejects. */
  readonly worst: number;
  readonly utilisation: number;
}

/** The one that uses most of the limit without a rejection; without such a one, that with the fewest. */
export const bestMargin = <T extends Tried>(tried: readonly T[]): T | undefined =>
  tried.toSorted((a, b) => a.worst - b.worst || b.utilisation - a.utilisation)[0];
