import { forcedLanes, type Lane, laneNames } from '../definition/index.ts';
import type { UpstreamErrorCode } from '../zwiftracing/index.ts';

/** How often a call that fails for a passing reason is made at most, by default. */
export const usualAttempts = 3;

const passing: ReadonlySet<UpstreamErrorCode> = new Set([
  'unavailable',
  'unreachable',
  'timed_out',
  'unreadable',
]);

/** Whether the same call may come through when it is made again. */
export const isPassing = (code: UpstreamErrorCode): boolean => passing.has(code);

/** Project ms before attempt 1, 2, …: 2 s, 8 s, 32 s, then a minute. */
export const pauseBefore = (attempt: number): number => Math.min(2_000 * 4 ** (attempt - 1), 60_000);

/** The lane in which a call that upstream rejected is requested again: one up, but never into a forced one. */
export function raisedLane(lane: Lane): Lane {
  const above = laneNames[laneNames.indexOf(lane) - 1];
  return above === undefined || forcedLanes.has(above) ? lane : above;
}
