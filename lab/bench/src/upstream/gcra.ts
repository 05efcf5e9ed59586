import type { Policy } from '@paceline/sandbox';

/**
 * The generic cell rate algorithm with a burst of N: one more call is earned every W/N, and up to N are kept.
 * Returns how many of the arrivals (ms, in order) it rejects; a rejected one costs nothing.
 */
export function gcraRejects({ limit, windowMs }: Policy, arrivals: readonly number[]): number {
  const interval = windowMs / limit;
  let theoretical = Number.NEGATIVE_INFINITY;
  return arrivals.filter((now) => {
    const next = Math.max(theoretical, now) + interval;
    if (next - now > windowMs) return true;
    theoretical = next;
    return false;
  }).length;
}
