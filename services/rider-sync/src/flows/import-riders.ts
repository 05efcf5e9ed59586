import {
  type BulkCallChanged,
  importMaxAgeMs,
  type ImportRiders,
  isFinal,
  type Progress,
  type RiderCounts,
} from '@paceline/shared/contracts';
import type { Waiting } from '@paceline/shared/limiter';
import { nowMs, throughOutages } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { countRiders, endFresh, listWaiting } from '../adapters/commands.ts';
import type { RiderSync } from '../config.ts';
import { endOfImport, few, importLane, progressOf } from '../core/command.ts';
import { carryOut, type Report, unlessAborted } from './command.ts';
import { fetchSingleOrBulk } from './single-or-bulk.ts';

/** A GET of an import that fails for a passing reason is made at most so often. */
const attempts = 5;

/** Fetches the riders of an import; each ends as done, or as failed with a reason of its own. */
export const importRiders = (shared: RiderSync) => (command: ImportRiders) =>
  carryOut(shared, command, async (sync, report) => {
    const { commandId } = command;
    await throughOutages(sync, () => endFresh(sync.db, nowMs(sync), commandId));
    const left = await throughOutages(sync, () => listWaiting(sync.db, commandId, few + 1));
    if (left.length <= few) await oneByOne(sync, command, left, report);
    else await byBulk(sync, commandId, report);
    const riders = await throughOutages(sync, () => countRiders(sync.db, commandId));
    return { progress: endOfImport(riders), riders };
  });

/** The progress of the import is that of its last rider. */
async function oneByOne(
  sync: RiderSync,
  { commandId, requestedAt }: ImportRiders,
  riderIds: readonly number[],
  report: Report,
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
    // Its outcome is stored with its reason; the other riders of the import go on.
    return fetchSingleOrBulk(sync, request, reportOf).catch((error: unknown) => {
      if (sync.signal.aborted) throw error;
    });
  });
  await Promise.all(fetches);
}

async function byBulk(sync: RiderSync, commandId: string, report: Report): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let forecast: Waiting | undefined;
  const onTheWay = new Set<string>();
  const span = activeSpan();

  const reportNow = (riders?: RiderCounts) => {
    const progress: Progress | undefined =
      onTheWay.size > 0 ? { state: 'running', via: 'bulk' } : forecast && progressOf(forecast, 'bulk');
    if (progress) report({ progress, ...(riders && { riders }) });
  };
  const look = async () => {
    const riders = await throughOutages(sync, () => countRiders(sync.db, commandId));
    if (riders.waiting === 0) ended.resolve();
    else reportNow(riders);
  };
  const moved = ({ call, stage, imports, trace }: BulkCallChanged) => {
    if (stage === 'sent') {
      if (!imports.includes(commandId)) return;
      span?.addLinks(linksTo(trace));
      onTheWay.add(call);
    } else onTheWay.delete(call);
    // Also after a call for others: it may have brought riders of this import too.
    look().catch(ended.reject);
  };
  const leave = sync.batcher.join({
    lane: () => importLane,
    forecast(next) {
      forecast = next;
      reportNow();
    },
    unused: () => void look().catch(ended.reject),
    moved,
  });
  await unlessAborted(ended.promise, sync.signal).finally(leave);
}
