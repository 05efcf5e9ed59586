import type { RunCounts } from '@paceline/shared/contracts';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { enough, failedOnce, type Failures, noFailures } from './failures.ts';

/** How a run over events stands. Its counts count events whose signups are asked for. */
export interface EventRun extends Failures {
  readonly startedAt: number;
  readonly synced: number;
  /** Signups. */
  readonly stored: number;
  readonly error: string | null;
}

/** A run as its row left it: what a dead process had synced is counted on, what had failed for it may be tried again. */
export const resumeRun = ({ startedAt, counts }: { startedAt: number; counts: RunCounts }): EventRun => ({
  startedAt,
  synced: counts.synced,
  stored: counts.stored,
  ...noFailures,
  error: null,
});

/** An event's signups have been stored, so many. */
export const signupsStored = (run: EventRun, signups: number): EventRun => ({
  ...run,
  synced: run.synced + 1,
  stored: run.stored + signups,
  inARow: 0,
});

/** The call for an event's signups has failed for good. */
export function signupsFailed(
  run: EventRun,
  eventId: string,
  code: UpstreamErrorCode,
  message: string,
): EventRun {
  const failures = failedOnce(run, eventId, code);
  const isSource =
    code === 'unauthorized' || (code === 'not_found' && failures.inARow >= enough && run.synced === 0);
  return {
    ...run,
    ...failures,
    error: isSource ? notAvailable('signups', message) : `event ${eventId}: ${message}`,
  };
}

/** Whether a failed call for the list means that this key is not given it at all. */
export const isNotAvailable = (code: UpstreamErrorCode): boolean =>
  code === 'unauthorized' || code === 'not_found';

/** What is said of a part of the event source that this key is not given. */
export const notAvailable = (source: 'events' | 'signups', message: string): string =>
  `The ${source} of upstream are not available with this key: ${message}`;

/** @param left how many events would still be worth a call */
export const countsOf = ({ synced, stored, failed }: EventRun, left: number): RunCounts => ({
  planned: synced + failed.size + left,
  synced,
  failed: failed.size,
  deferred: 0,
  stored,
});

/** What the run comes to when it ends here; `left` is for the next one. */
export function endRun(run: EventRun, left: number) {
  const failed = run.error !== null && run.synced === 0;
  return {
    state: failed ? ('failed' as const) : ('done' as const),
    error: run.error,
    counts: { ...countsOf(run, left), deferred: left },
    checkpoint: null,
  };
}
