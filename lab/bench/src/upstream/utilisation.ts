import { mean } from '@paceline/kit/statistics';
import type { Policy } from '@paceline/sandbox';

/**
 * The share of a limit that was used: W over the mean time from each arrival to the N-th after it. It needs no whole
 * windows, and is 1 for N calls in every W however they are spread. NaN when there were too few.
 */
export function utilisation(arrivals: readonly number[], { limit, windowMs }: Policy): number {
  const inOrder = arrivals.toSorted((a, b) => a - b);
  return windowMs / mean(inOrder.slice(limit).map((at, index) => at - (inOrder[index] ?? 0)));
}
