import type { Progress, RiderCounts, FetchMode } from '@paceline/shared/contracts';
import { PermitRefused, type Waiting } from '@paceline/shared/limiter';
import { isPage, UpstreamError } from '@paceline/shared/zwiftracing';

const longestWait = 5 * 60_000;
/** Real ms: on a fast clock, where five minutes are over at once, the machine still has so long to fetch a rider. */
export const leastWaitMs = 5_000;

/**
 * When a rider is given up, project ms. Counts from when a process began with the command, not from its request: a crash
 * of ours is no reason to fail it.
 * @param leastWait `leastWaitMs` in project ms
 */
export const deadlineOf = (takenUpAt: number, leastWait: number): number =>
  takenUpAt + Math.max(longestWait, leastWait);

/** The progress of a command that waits for a call of this way. */
export function progressOf({ reason, position, estimatedAt }: Waiting, via: FetchMode): Progress {
  if (reason === 'waiting_in_line') return { state: reason, position, at: estimatedAt, via };
  return { state: reason, until: estimatedAt, via };
}

/** Estimates move a little with every call; only what a person would notice is reported. */
export function isNoticeable(last: Progress | undefined, next: Progress): boolean {
  if (last?.state !== next.state || wayOf(last) !== wayOf(next)) return true;
  if ('position' in last && 'position' in next && last.position !== next.position) return true;
  return Math.abs(momentOf(last) - momentOf(next)) >= 1_000;
}

const wayOf = (progress: Progress) => ('via' in progress ? progress.via : undefined);
const momentOf = (progress: Progress) =>
  ('at' in progress ? progress.at : 'until' in progress ? progress.until : 0) ?? 0;

/** A bulk answer did not bring the rider; the message says why, for the person who asked. */
export class NotInAnswer extends Error {
  override name = 'NotInAnswer';
}

/** Why a rider could not be added, for the person who asked; where it helps, with the time from which it can be. */
export function failureOf(error: Error, riderId: number, now: number): Progress & { state: 'failed' } {
  return { state: 'failed', reason: reasonOf(error, riderId, now) };
}

export function reasonOf(error: Error, riderId: number, now: number): string {
  if (error instanceof NotInAnswer) return error.message;
  if (error instanceof PermitRefused) return cantBefore(riderId, error.earliest);
  if (!(error instanceof UpstreamError)) return `Rider ${riderId} could not be added: ${error.message}`;
  if (error.code === 'not_found' && !isPage(error.rawStart ?? ''))
    return `ZwiftRacing knows no rider ${riderId}`;
  if (error.code === 'rate_limited' && error.retryAfterMs !== undefined)
    return cantBefore(riderId, now + error.retryAfterMs);
  return `Rider ${riderId} could not be fetched: ${error.message}`;
}

const cantBefore = (riderId: number, moment: number) =>
  `Rider ${riderId} can't be fetched before ${new Date(moment).toISOString()}`;

/** An import of so few riders requests GETs too: one window holds them. More would delay single adds by minutes. */
export const few = 5;

/** A bulk call takes added riders along in any case, and a GET of an import must not go before that of an add. */
export const importLane = 'rider_sync';

/** The final progress of an import, once none of its riders waits. */
export function endOfImport({ done, failed }: RiderCounts): Progress {
  if (done > 0 || failed === 0) return { state: 'done' };
  const riders = failed === 1 ? 'The one rider' : `None of the ${failed} riders`;
  return { state: 'failed', reason: `${riders} could ${failed === 1 ? 'not ' : ''}be fetched` };
}

/** The command was cancelled: its row is final. */
export class CommandCancelled extends Error {
  override name = 'CommandCancelled';
}
