import type { Group } from './groups.ts';

/**
 * The most time (ms) that the events of the far class can be fresh: at any time no more of them have a copy within the
 * goal than calls were made within it. What the other classes need is not considered.
 */
export function mostFresh(groups: ReadonlyArray<Pick<Group, 'events' | 'spans'>>, calls: number): number {
  const steps = groups
    .filter(({ spans: { far } }) => far.until > far.from)
    .flatMap(({ events, spans: { far } }) => [
      { at: far.from, by: events },
      { at: far.until, by: -events },
    ])
    .toSorted((a, b) => a.at - b.at);
  let open = 0;
  let before = 0;
  let fresh = 0;
  for (const { at, by } of steps) {
    fresh += Math.min(open, calls) * (at - before);
    open += by;
    before = at;
  }
  return fresh;
}

/** The most times within any `ms`. */
export function mostWithin(times: readonly number[], ms: number): number {
  let first = 0;
  let most = 0;
  for (const [index, at] of times.entries()) {
    while ((times[first] ?? at) <= at - ms) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
