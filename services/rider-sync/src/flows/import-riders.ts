import {
  type BulkMoved,
  importFreshness,
  type ImportRiders,
  isFinal,
  type Progress,
  type RiderCounts,
} from '@paceline/shared/contracts';
import type { Waiting } from '@paceline/shared/limiter';
import type { Settlement } from '@paceline/shared/messaging';
import { type Sync, throughOutages } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { countRiders, endFresh, listWaiting } from '../adapters/commands.ts';
import { endOfImport, few, importLane, progressOf } from '../core/command.ts';
import type { BulkBatcher } from './batcher.ts';
import { type Cancellations, carryOut, type Report } from './command.ts';
import { fetchSingleOrBulk } from './single-or-bulk.ts';

/** A GET of an import that fails for a passing reason is made at most so often. */
const attempts = 5;

/** Fetches the riders of an import; each ends as done, or as failed with a reason of its own. */
export function importRiders(
  shared: Sync,
  batcher: BulkBatcher,
  cancellations: Cancellations,
): (command: ImportRiders) => Promise<Settlement> {
  return (command) =>
    carryOut(shared, cancellations, command, async (sync, report) => {
      const { commandId } = command;
      await throughOutages(sync, () => endFresh(sync.db, Math.round(sync.clock.now()), commandId));
      const left = await throughOutages(sync, () => listWaiting(sync.db, commandId, few + 1));
      if (left.length <= few) await oneByOne(sync, batcher, command, left, report);
      else await byBulk(sync, batcher, commandId, report);
      const riders = await throughOutages(sync, () => countRiders(sync.db, commandId));
      return { progress: endOfImport(riders), riders };
    });
}

/** The progress of the import is that of its last rider. */
async function oneByOne(
  sync: Sync,
  batcher: BulkBatcher,
  { commandId, requestedAt }: ImportRiders,
  riderIds: readonly number[],
  report: Report,
): Promise<void> {
  const fetches = riderIds.map((riderId) => {
    const request = {
      commandId,
      riderId,
      why: 'import',
      freshFrom: requestedAt - importFreshness,
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
    return fetchSingleOrBulk(sync, batcher, request, reportOf).catch((error: unknown) => {
      if (sync.signal.aborted) throw error;
    });
  });
  await Promise.all(fetches);
}

async function byBulk(sync: Sync, batcher: BulkBatcher, commandId: string, report: Report): Promise<void> {
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
  const moved = ({ call, stage, imports, trace }: BulkMoved) => {
    if (stage === 'sent' && !imports.includes(commandId)) return;
    if (stage === 'sent') span?.addLinks(linksTo(trace));
    if (stage === 'sent') onTheWay.add(call);
    else onTheWay.delete(call);
    // Also after a call for others: it may have brought riders of this import too.
    look().catch(ended.reject);
  };
  const leave = batcher.join({
    lane: () => importLane,
    forecast(next) {
      forecast = next;
      reportNow();
    },
    unused: () => void look().catch(ended.reject),
    moved,
  });
  const stop = () => ended.reject(sync.signal.reason);
  if (sync.signal.aborted) stop();
  sync.signal.addEventListener('abort', stop, { once: true });
  try {
    await ended.promise;
  } finally {
    sync.signal.removeEventListener('abort', stop);
    leave();
  }
}
