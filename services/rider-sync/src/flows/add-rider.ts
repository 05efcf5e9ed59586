import type { AddRider, Progress, TraceContext } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import type { Settlement } from '@paceline/shared/messaging';
import { plainError } from '@paceline/shared/database';
import { nowMs } from '@paceline/shared/sync';
import { activeSpan, currentTraceContext, linksTo } from '@paceline/shared/telemetry';
import { addLane } from '../core/batcher.ts';
import type { RiderSync } from '../config.ts';
import { CommandEnded, deadlineOf, failureOf, minWaitMs } from '../core/command.ts';
import { runCommand, unlessAborted } from './command.ts';
import { fetchSingleOrBulk, type ReportProgress } from './single-or-bulk.ts';

/** Fetches one rider as soon as a call is possible. */
export function addRider(shared: RiderSync): (command: AddRider, attempt: number) => Promise<Settlement> {
  const fetches = new Map<number, SharedFetch>();
  return (command, attempt) =>
    runCommand(shared, command, attempt, async (sync, report) => {
      try {
        const endedAt = await fetchShared(sync, fetches, command, (progress) => report({ progress }));
        return { progress: { state: 'done' }, endedAt };
      } catch (error) {
        if (sync.signal.aborted || error instanceof CommandEnded) throw error;
        const err = plainError(error);
        sync.log.warn({ err, ...command }, 'failed to add rider');
        return { progress: failureOf(err, command.riderId, nowMs(sync)) };
      }
    });
}

/** A fetch in progress, and the commands that share it. */
interface SharedFetch {
  readonly stored: Promise<number | undefined>;
  readonly reports: Set<ReportProgress>;
  /** The span of the command that started it. */
  readonly trace: TraceContext;
  last?: Progress;
}

/**
 * Fetches a rider and stores it, or shares the fetch of another command for the same rider.
 * @returns when the command ended, if its end was stored with the rider
 * @throws as `fetchSingleOrBulk`; the reason of `sync.signal` when that aborts first
 */
async function fetchShared(
  sync: RiderSync,
  fetches: Map<number, SharedFetch>,
  command: AddRider,
  report: ReportProgress,
): Promise<number | undefined> {
  const { riderId } = command;
  for (let shared = fetches.get(riderId); shared; shared = fetches.get(riderId)) {
    shared.reports.add(report);
    activeSpan()?.addLinks(linksTo(shared.trace));
    if (shared.last) report(shared.last);
    try {
      await unlessAborted(shared.stored, sync.signal);
      return undefined;
    } catch (error) {
      sync.signal.throwIfAborted();
      // The other command was cancelled or has timed out; this one has not.
      if (!(error instanceof PermitRefused || error instanceof CommandEnded)) throw error;
    } finally {
      shared.reports.delete(report);
    }
  }
  return startFetch(sync, fetches, command, report).stored;
}

function startFetch(
  sync: RiderSync,
  fetches: Map<number, SharedFetch>,
  { commandId, riderId, requestedAt }: AddRider,
  report: ReportProgress,
): SharedFetch {
  const reports = new Set([report]);
  const reportToAll = (progress: Progress) => {
    started.last = progress;
    for (const each of reports) each(progress);
  };
  const request = {
    commandId,
    riderId,
    why: 'add',
    freshFrom: requestedAt,
    since: requestedAt,
    lane: addLane,
    deadline: deadlineOf(nowMs(sync), sync.clock.toProjectMs(minWaitMs)),
    attempts: Number.POSITIVE_INFINITY,
  } as const;
  const stored = fetchSingleOrBulk(sync, request, reportToAll).finally(() => fetches.delete(riderId));
  const started: SharedFetch = { stored, reports, trace: currentTraceContext() };
  fetches.set(riderId, started);
  return started;
}
