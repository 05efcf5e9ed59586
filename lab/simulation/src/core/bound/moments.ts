import { latencyOf } from '@paceline/sandbox';
import { windowMarginMs } from '@paceline/shared/definition';
import type { Simulation } from '../simulation.ts';

const budget = 'signups';

/**
 * When the copies of a limiter that never idles are made, ascending: each call starts when the window has passed since
 * the response that frees its place, and takes as long as that call does for every strategy. Upstream faults are ignored.
 */
export function callMoments({ scenario: { seed }, network, upstream, from, until }: Simulation): number[] {
  const { limit, windowMs } = upstream.policies[budget];
  const moments: number[] = [];
  for (let nth = 1, start = from; start < until; nth += 1) {
    const latency = latencyOf(seed, budget, nth);
    moments.push(
      start + network.upstream('to', budget, nth) + latency + network.upstream('from', budget, nth),
    );
    const freed = moments[nth - limit];
    if (freed !== undefined) start = Math.max(start, freed + windowMs + windowMarginMs);
  }
  return moments.toSorted((a, b) => a - b);
}
