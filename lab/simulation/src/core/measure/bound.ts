import type { Enforcement } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';

/** While it lasts an event is one of those that are to be fresh; project ms. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/**
 * The most calls that can have been let in within any half-open stretch of so many ms, however they are timed. A fixed
 * window that is open when the stretch begins may let in what its first call left of it; one that opens by the clock,
 * all of it.
 */
export function mostCalls({ limit, windowMs }: Policy, enforcement: Enforcement, ms: number): number {
  const windows = Math.ceil(ms / windowMs);
  const before = {
    'first-hit': limit - 1,
    'clock-aligned': limit,
    sliding: 0,
    'sliding-counting-rejects': 0,
  };
  return limit * windows + before[enforcement];
}

/**
 * The share of event time that no schedule can be better than: when at any moment at most `most` events can have a copy
 * within the goal, the others have none. 1 when there is no event time.
 */
export function bestShare(stretches: Iterable<Stretch>, most: number): number {
  const steps = [...stretches].flatMap(({ from, until }) =>
    until > from
      ? [
          { at: from, by: 1 },
          { at: until, by: -1 },
        ]
      : [],
  );
  steps.sort((a, b) => a.at - b.at);
  let open = 0;
  let before = 0;
  let within = 0;
  let total = 0;
  for (const { at, by } of steps) {
    total += open * (at - before);
    within += Math.min(open, most) * (at - before);
    open += by;
    before = at;
  }
  return total === 0 ? 1 : within / total;
}
