import type { AddRider, Progress, TraceContext } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import type { Settlement } from '@paceline/shared/messaging';
import { plainError, type Sync } from '@paceline/shared/sync';
import { activeSpan, currentTraceContext, linksTo } from '@paceline/shared/telemetry';
import { addLane } from '../core/batcher.ts';
import { CommandCancelled, deadlineOf, failureOf } from '../core/command.ts';
import type { BulkBatcher } from './batcher.ts';
import { type Cancellations, carryOut } from './command.ts';
import { fetchSingleOrBulk, type ReportProgress } from './single-or-bulk.ts';

/** Real ms: on a fast clock the machine still has so long to fetch a rider. */
const leastWaitMs = 5_000;

/** Fetches one rider as soon as a call is free. */
export function addRider(
  sync: Sync,
  batcher: BulkBatcher,
  cancellations: Cancellations,
): (command: AddRider) => Promise<Settlement> {
  const underWay = new Map<number, UnderWay>();
  return (command) =>
    carryOut(sync, cancellations, command, async (mine, report) => {
      try {
        await fetchShared(mine, batcher, underWay, command, (progress) => report({ progress }));
        return { progress: { state: 'done' } };
      } catch (error) {
        if (mine.signal.aborted) throw error;
        const err = plainError(error);
        sync.log.warn({ err, ...command }, 'failed to add a rider');
        return { progress: failureOf(err, command.riderId, Math.round(sync.clock.now())) };
      }
    });
}

/** A fetch that has not ended, and the commands that share it. */
interface UnderWay {
  readonly stored: Promise<void>;
  readonly reports: Set<ReportProgress>;
  /** The span of the command that has begun it. */
  readonly trace: TraceContext;
  last?: Progress;
}

/**
 * Fetches a rider and stores it, or shares the fetch of another command for the same rider.
 * @throws as `fetchSingleOrBulk`; the reason of `sync.signal` when that aborts first
 */
async function fetchShared(
  sync: Sync,
  batcher: BulkBatcher,
  underWay: Map<number, UnderWay>,
  command: AddRider,
  report: ReportProgress,
): Promise<void> {
  const { riderId } = command;
  for (let shared = underWay.get(riderId); shared; shared = underWay.get(riderId)) {
    shared.reports.add(report);
    activeSpan()?.addLinks(linksTo(shared.trace));
    if (shared.last) report(shared.last);
    try {
      await unlessAborted(shared.stored, sync.signal);
      return;
    } catch (error) {
      sync.signal.throwIfAborted();
      // The other command was cancelled or its time was over; this one's is not.
      if (!(error instanceof PermitRefused || error instanceof CommandCancelled)) throw error;
    } finally {
      shared.reports.delete(report);
    }
  }
  await begin(sync, batcher, underWay, command, report).stored;
}

function begin(
  sync: Sync,
  batcher: BulkBatcher,
  underWay: Map<number, UnderWay>,
  { commandId, riderId, requestedAt }: AddRider,
  report: ReportProgress,
): UnderWay {
  const reports = new Set([report]);
  const reportToAll = (progress: Progress) => {
    begun.last = progress;
    for (const each of reports) each(progress);
  };
  const request = {
    commandId,
    riderId,
    why: 'add',
    freshFrom: requestedAt,
    since: requestedAt,
    lane: addLane,
    deadline: deadlineOf(Math.round(sync.clock.now()), sync.clock.fromMachine(leastWaitMs)),
    attempts: Number.POSITIVE_INFINITY,
  } as const;
  const stored = fetchSingleOrBulk(sync, batcher, request, reportToAll).finally(() =>
    underWay.delete(riderId),
  );
  const begun: UnderWay = { stored, reports, trace: currentTraceContext() };
  underWay.set(riderId, begun);
  return begun;
}

/** Settles as `work` does, or rejects when the signal aborts first: the work goes on for the other commands. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}
