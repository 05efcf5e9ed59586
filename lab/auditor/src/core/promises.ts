import type { Lane } from '@paceline/shared/definition';
import type { Call } from './history.ts';

/** A promise is kept when the call starts at most this much later than was promised. Project ms. */
const slackMs = 1_000;

/** Whether those who waited ran when they had been told that they would, as far as they were told. */
export interface Promises {
  readonly kept: number;
  readonly broken: number;
  /** By how much the worst one came later than promised, project ms; 0 when none did. */
  readonly worstLatenessMs: number;
}

export function promisesOf(calls: readonly Call[]): Promises {
  const lateness = calls.flatMap(({ judged, startedAt, promisedAt }) =>
    judged && promisedAt !== undefined ? [startedAt - promisedAt] : [],
  );
  const broken = lateness.filter((late) => late > slackMs).length;
  return {
    kept: lateness.length - broken,
    broken,
    worstLatenessMs: lateness.reduce((a, b) => Math.max(a, b), 0),
  };
}

/** From the first ask to the start, project ms: the longest of each lane that called at all. */
export function longestWaits(calls: readonly Call[]): Partial<Record<Lane, number>> {
  const longest: Partial<Record<Lane, number>> = {};
  for (const { judged, lane, startedAt, firstAskedAt } of calls) {
    if (!judged || firstAskedAt === undefined) continue;
    longest[lane] = Math.max(longest[lane] ?? 0, startedAt - firstAskedAt);
  }
  return longest;
}
