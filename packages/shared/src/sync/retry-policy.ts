import { forcedLanes, type Lane, laneNames } from '../definition/index.ts';

/** Default max attempts of a call whose failure is temporary. */
export const defaultAttempts = 3;

/** Project ms before attempt 1, 2, …: 2 s, 8 s, 32 s, then a minute. */
export const pauseBeforeAttempt = (attempt: number): number => Math.min(2_000 * 4 ** (attempt - 1), 60_000);

/** The lane for the retry of a rejected call: one up, but never a forced one. */
export function raisedLane(lane: Lane): Lane {
  const above = laneNames[laneNames.indexOf(lane) - 1];
  return above === undefined || forcedLanes.has(above) ? lane : above;
}
