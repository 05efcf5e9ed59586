import type { Budget } from '../api/shapes.ts';

/** Who keeps the budget closed, and until when, the longest first. */
export function closures({ pausedUntil, unknownUntil }: Budget, now: number) {
  return (
    [
      ['upstream', pausedUntil.upstream],
      ['operator', pausedUntil.operator],
      ['unknown', unknownUntil],
    ] as const
  )
    .flatMap(([by, until]) => (until === null ? [] : [{ by, until: Date.parse(until) }]))
    .filter(({ until }) => until > now)
    .toSorted((one, other) => other.until - one.until);
}
