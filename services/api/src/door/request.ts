import type { Upstream } from '@paceline/shared/upstreams';
import { Problem } from '../http/problem.ts';

/** Real seconds that a call waits for its permit if the caller doesn't say: a minute is the window of most limits. */
const defaultPatience = 60;
/** As long as the most urgent request, to add a rider, waits before it fails. */
const maxPatience = 300;

/** The real seconds of `Prefer: wait=N` (RFC 7240), max 300; default 60. */
export function patienceOf(header: string | undefined): { seconds: number; isPreferred: boolean } {
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(header ?? '') ?? [];
  return seconds === undefined
    ? { seconds: defaultPatience, isPreferred: false }
    : { seconds: Math.min(Number(seconds), maxPatience), isPreferred: true };
}

/**
 * The lane of a request; default the least urgent one that is not forced. Only an operator can use forced lanes.
 * @throws {Problem}
 */
export function laneOf({ label, lanes }: Upstream, name: string | undefined, mayForce: boolean): string {
  const all = Object.entries(lanes);
  if (name === undefined) {
    const [least] = all
      .filter(([, { forced }]) => !forced)
      .toSorted(([, one], [, other]) => one.headStartMs - other.headStartMs);
    return least?.[0] ?? '';
  }
  const lane = all.find(([each]) => each === name);
  if (!lane) {
    const message = `must be a lane of ${label}: ${all.map(([each]) => each).join(', ')}`;
    throw new Problem('invalid-input', `The lane ${message}`, { errors: [{ field: 'lane', message }] });
  }
  if (lane[1].forced && !mayForce)
    throw new Problem('lane-not-allowed', `${name} goes before everything else: it needs the operator token`);
  return name;
}
