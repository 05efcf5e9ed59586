import {
  type BulkCallChanged,
  importMaxAgeMs,
  type ImportRiders,
  isFinal,
  type Progress,
  type RiderCounts,
} from '@paceline/shared/contracts';
import type { Waiting } from '@paceline/shared/limiter';
import { retryDuringOutage } from '@paceline/shared/database';
import { nowMs } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { countRiders, endFreshRiders, listWaiting } from '../adapters/commands.ts';
import type { RiderSync } from '../config.ts';
import { importResult, maxGetsPerImport, importLane, progressOf } from '../core/command.ts';
import { runCommand, type ReportStatus, unlessAborted } from './command.ts';
import { fetchSingleOrBulk } from './single-or-bulk.ts';

/** Maximum number of tries of a GET in an import. */
const attempts = 5;

/** Fetches the riders of an import; each has its own outcome and reason. */
export const importRiders = (shared: RiderSync) => (command: ImportRiders, attempt: number) =>
  runCommand(shared, command, attempt, async (sync, report) => {
    const { commandId } = command;
    await retryDuringOutage(sync, () => endFreshRiders(sync.db, nowMs(sync), commandId));
    const left = await retryDuringOutage(sync, () => listWaiting(sync.db, commandId, maxGetsPerImport + 1));
    const counted = () => retryDuringOutage(sync, () => countRiders(sync.db, commandId));
    if (left.length <= maxGetsPerImport) await bySingleCalls(sync, command, left, report);
    // Also after GETs: a bulk call in flight can hold a rider that was fetched meanwhile, and stores its outcome.
    if ((await counted()).waiting > 0) await byBulkCalls(sync, commandId, report);
    const riders = await counted();
    return { progress: importResult(riders), riders };
  });

/** Reports the progress of the last rider as that of the import. */
async function bySingleCalls(
  sync: RiderSync,
  { commandId, requestedAt }: ImportRiders,
  riderIds: readonly number[],
  report: ReportStatus,
): Promise<void> {
  const fetches = riderIds.map((riderId) => {
    const request = {
      commandId,
      riderId,
      why: 'import',
      freshFrom: requestedAt - importMaxAgeMs,
      since: requestedAt,
      lane: importLane,
      deadline: Number.POSITIVE_INFINITY,
      attempts,
    } as const;
    const isLast = riderId === riderIds.at(-1);
    const reportOf = (progress: Progress) => {
      if (isLast && !isFinal(progress)) report({ progress });
    };
    // Its outcome is stored; the other riders of the import continue.
    return fetchSingleOrBulk(sync, request, reportOf).catch((error: unknown) => {
      if (sync.signal.aborted) throw error;
    });
  });
  await Promise.all(fetches);
}

async function byBulkCalls(sync: RiderSync, commandId: string, report: ReportStatus): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let estimate: Waiting | undefined;
  const inFlight = new Set<string>();
  const span = activeSpan();

  const reportNow = (riders?: RiderCounts) => {
    const progress: Progress | undefined =
      inFlight.size > 0 ? { state: 'running', via: 'bulk' } : estimate && progressOf(estimate, 'bulk');
    if (progress) report({ progress, ...(riders && { riders }) });
  };
  const recount = async () => {
    const riders = await retryDuringOutage(sync, () => countRiders(sync.db, commandId));
    if (riders.waiting === 0) ended.resolve();
    else reportNow(riders);
  };
  const callChanged = ({ call, stage, imports, trace }: BulkCallChanged) => {
    if (stage === 'sent') {
      if (!imports.includes(commandId)) return;
      span?.addLinks(linksTo(trace));
      inFlight.add(call);
      reportNow();
      return;
    }
    inFlight.delete(call);
    // Also after calls for other commands, which can include riders of this import.
    recount().catch(ended.reject);
  };
  const leave = sync.batcher.join({
    lane: () => importLane,
    estimate(next) {
      estimate = next;
      reportNow();
    },
    unused: () => void recount().catch(ended.reject),
    callChanged,
  });
  // A call may have ended before this import joined.
  recount().catch(ended.reject);
  await unlessAborted(ended.promise, sync.signal).finally(leave);
}
