import { type FetchMode, type Progress, type Refusal, type RiderCounts } from '@paceline/shared/contracts';
import { addMaxWaitMs } from '@paceline/shared/definition';
import { PermitRefused, type Waiting } from '@paceline/shared/limiter';
import { count } from '@paceline/shared/words';
import { UpstreamError } from '@paceline/shared/zwiftracing';

/** Real ms; the minimum wait on a fast clock, where five project minutes pass in an instant. */
export const minWaitMs = 5_000;

/**
 * When Paceline gives up on a rider, project ms. Counts from when a process started the command, not from its request,
 * so that time lost in a crash doesn't fail it.
 * @param minWait `minWaitMs` in project ms
 */
export const deadlineOf = (startedAt: number, minWait: number): number =>
  startedAt + Math.max(addMaxWaitMs, minWait);

/** The progress of a command that waits for a call. */
export function progressOf({ reason, position, estimatedAt }: Waiting, via: FetchMode): Progress {
  if (reason === 'waiting_in_line') return { state: reason, position, at: estimatedAt, via };
  return { state: reason, until: estimatedAt, via };
}

/** Whether a change is worth reporting: estimates vary slightly with every call. */
export function isNoticeable(last: Progress | undefined, next: Progress): boolean {
  if (last?.state !== next.state || fetchModeOf(last) !== fetchModeOf(next)) return true;
  if ('position' in last && 'position' in next && last.position !== next.position) return true;
  return Math.abs(timeOf(last) - timeOf(next)) >= 1_000;
}

const fetchModeOf = (progress: Progress) => ('via' in progress ? progress.via : undefined);
const timeOf = (progress: Progress) =>
  ('at' in progress ? progress.at : 'until' in progress ? progress.until : 0) ?? 0;

/** A bulk response did not contain the rider; the message is shown to the user. */
export class NotInResponse extends Error {
  override name = 'NotInResponse';
}

/** The final progress of a rider that could not be added, with a reason for the user. */
export function failureOf(error: Error, riderId: number, now: number): Progress & { state: 'failed' } {
  return { state: 'failed', reason: reasonOf(error, riderId, now) };
}

export function reasonOf(error: Error, riderId: number, now: number): string {
  if (error instanceof NotInResponse) return error.message;
  if (error instanceof PermitRefused) return refusalText(error, riderId, now);
  if (!(error instanceof UpstreamError)) return `Rider ${riderId} could not be added: ${error.message}`;
  if (error.code === 'not_found') return `ZwiftRacing has no rider ${riderId}`;
  if (error.retryAt !== undefined && error.retryAt > now) return notBefore(riderId, error.retryAt);
  return `Rider ${riderId} could not be fetched: ${error.message}`;
}

function refusalText({ earliest, reason, limiterAwaySince }: PermitRefused, riderId: number, now: number) {
  if (limiterAwaySince !== undefined)
    return `Rider ${riderId} could not be fetched in time: no limiter answered since ${timeText(limiterAwaySince)}. Add it again`;
  if (earliest <= now) return `Rider ${riderId} could not be fetched in time. Add it again`;
  return `${notBefore(riderId, earliest)}${pauses[reason] ?? ''}`;
}

const pauses: Partial<Record<Refusal, string>> = {
  paused_by_operator: ': calls are paused by an operator',
  paused_by_upstream: ': calls are paused by ZwiftRacing',
};

const notBefore = (riderId: number, earliest: number) =>
  `Rider ${riderId} can't be fetched before ${timeText(earliest)}`;

const timeText = (at: number) => new Date(at).toISOString();

/** Imports of up to this many riders use GETs too, as these fit in one window. More would delay single adds by minutes. */
export const maxGetsPerImport = 5;

/** Lower than adds: a bulk call takes added riders anyway, and a GET for an import must not go before one for an add. */
export const importLane = 'rider_sync';

/** The final progress of an import, once no rider is waiting. */
export function importResult({ done, failed }: RiderCounts): Progress {
  if (done > 0 || failed === 0) return { state: 'done' };
  const reason =
    failed === 1 ? 'The rider could not be fetched' : `None of ${count(failed, 'rider')} could be fetched`;
  return { state: 'failed', reason };
}

/** The command was cancelled or has ended otherwise; its row is final. */
export class CommandEnded extends Error {
  override name = 'CommandEnded';
}
