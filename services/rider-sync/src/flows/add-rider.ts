import type { AddRider, Progress, TraceContext } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import type { Settlement } from '@paceline/shared/messaging';
import { nowMs, plainError } from '@paceline/shared/sync';
import { activeSpan, currentTraceContext, linksTo } from '@paceline/shared/telemetry';
import { addLane } from '../core/batcher.ts';
import type { RiderSync } from '../config.ts';
import { CommandCancelled, deadlineOf, failureOf, leastWaitMs } from '../core/command.ts';
import { carryOut, unlessAborted } from './command.ts';
import { fetchSingleOrBulk, type ReportProgress } from './single-or-bulk.ts';

/** Fetches one rider as soon as a call is free. */
export function addRider(shared: RiderSync): (command: AddRider) => Promise<Settlement> {
  const underWay = new Map<number, UnderWay>();
  return (command) =>
    carryOut(shared, command, async (sync, report) => {
      try {
        await fetchShared(sync, underWay, command, (progress) => report({ progress }));
        return { progress: { state: 'done' } };
      } catch (error) {
        if (sync.signal.aborted) throw error;
        const err = plainError(error);
        sync.log.warn({ err, ...command }, 'failed to add a rider');
        return { progress: failureOf(err, command.riderId, nowMs(sync)) };
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
  sync: RiderSync,
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
  await begin(sync, underWay, command, report).stored;
}

function begin(
  sync: RiderSync,
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
    deadline: deadlineOf(nowMs(sync), sync.clock.fromMachine(leastWaitMs)),
    attempts: Number.POSITIVE_INFINITY,
  } as const;
  const stored = fetchSingleOrBulk(sync, request, reportToAll).finally(() => underWay.delete(riderId));
  const begun: UnderWay = { stored, reports, trace: currentTraceContext() };
  underWay.set(riderId, begun);
  return begun;
}
