import type { Progress, Way } from '@paceline/shared/contracts';
import { PermitRefused, type Waiting } from '@paceline/shared/limiter';
import { isPage, UpstreamError } from '@paceline/shared/zwiftracing';

const longestWait = 5 * 60_000;

/**
 * After this moment nobody waits for the rider any more: five minutes after the command was taken up, project time.
 * Not after it was asked for: when a crash of ours made it late, that is no reason to fail it.
 * @param leastWait what the machine needs at the least, project ms: on a fast clock five minutes are over at once
 */
export const deadlineOf = (takenUpAt: number, leastWait: number): number =>
  takenUpAt + Math.max(longestWait, leastWait);

/** What someone who waits for a call of this way is told. */
export function progressOf({ reason, position, estimatedAt }: Waiting, via: Way): Progress {
  if (reason === 'waiting_in_line') return { state: reason, position, at: estimatedAt, via };
  return { state: reason, until: estimatedAt, via };
}

/** Estimates move by a little with every call; only what a person would notice is told. */
export function isNews(last: Progress | undefined, next: Progress): boolean {
  if (last?.state !== next.state) return true;
  if ('position' in last && 'position' in next && last.position !== next.position) return true;
  if (wayOf(last) !== wayOf(next)) return true;
  return Math.abs(momentOf(last) - momentOf(next)) >= 1_000;
}

const wayOf = (progress: Progress) => ('via' in progress ? progress.via : undefined);

function momentOf(progress: Progress): number {
  if ('at' in progress) return progress.at ?? 0;
  return 'until' in progress ? progress.until : 0;
}

/** What a bulk answer said of a rider whom it did not bring, in a sentence for whoever asked. */
export class NotInAnswer extends Error {
  override name = 'NotInAnswer';
}

/** Why a rider could not be added, in a sentence for whoever asked; where it helps, with the time that could. */
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
