import { notAvailable, type RunCounts } from '@paceline/shared/contracts';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { enough, failedOnce, type Failures, noFailures } from './failures.ts';

/** What a run asks upstream for, event by event. */
export type Asked = 'signups' | 'results';

/** How a run over events stands. Its counts count events whose signups or results are asked for. */
export interface EventRun extends Failures {
  readonly startedAt: number;
  readonly synced: number;
  /** Signups or results. */
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

/** What was asked for has been stored, so many signups or results. */
export const eventStored = (run: EventRun, items: number): EventRun => ({
  ...run,
  synced: run.synced + 1,
  stored: run.stored + items,
  inARow: 0,
});

/** The call for an event has failed for good. */
export function eventFailed(
  run: EventRun,
  asked: Asked,
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
    error: isSource ? notAvailable(asked, message) : `event ${eventId}: ${message}`,
  };
}

/** Whether a failed call for the list means that this key is not given it at all. */
export const isNotAvailable = (code: UpstreamErrorCode): boolean =>
  code === 'unauthorized' || code === 'not_found';

/** @param left how many events would still be worth a call */
export const countsOf = ({ synced, stored, failed }: EventRun, left: number): RunCounts => ({
  planned: synced + failed.size + left,
  synced,
  failed: failed.size,
  deferred: 0,
  stored,
});

/** What the run comes to when it ends because upstream does not give us what it asks for. */
export const endUnavailable = (run: EventRun, left: number, why: string) =>
  endRun({ ...run, error: why }, left);

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
