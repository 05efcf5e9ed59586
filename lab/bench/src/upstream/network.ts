/** What lies between a caller and upstream. */
export interface Network {
  /** A call arrives up to so many ms after it was sent, evenly spread. */
  readonly jitterMs: number;
  /** So many of all (0…1) take ten times the jitter. */
  readonly outliers: number;
}

export const noJitter: Network = { jitterMs: 0, outliers: 0 };

/** How long one call is on its way; `chance` gives numbers in [0, 1). */
export function delayOf({ jitterMs, outliers }: Network, chance: () => number): number {
  return chance() < outliers ? 10 * jitterMs : chance() * jitterMs;
}
