import {
  type BulkMoved,
  importFreshness,
  type ImportRiders,
  isFinal,
  type Progress,
} from '@paceline/shared/contracts';
import type { Waiting } from '@paceline/shared/limiter';
import type { Settlement } from '@paceline/shared/messaging';
import { type Sync, throughOutages } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import type { News } from './adapters/commands.ts';
import { countRiders, endFresh, listWaiting } from './adapters/wanted.ts';
import type { Cancellations } from './cancellations.ts';
import { carryOut } from './carry-out.ts';
import { progressOf } from './core/command.ts';
import { endOfImport, few, importLane } from './core/import.ts';
import type { Batcher } from './flows/batcher.ts';
import { fetchSingleOrBulk } from './flows/single-or-bulk.ts';

/** A GET of an import that fails for a passing reason is made so often. */
const attempts = 5;

/** Brings the riders of an import, each of which ends as done or as failed with a reason of its own. */
export function importRiders(
  shared: Sync,
  batcher: Batcher,
  cancellations: Cancellations,
): (command: ImportRiders) => Promise<Settlement> {
  return (command) =>
    carryOut(shared, cancellations, command, async (sync, tell) => {
      const { commandId } = command;
      await throughOutages(sync, () => endFresh(sync.db, Math.round(sync.clock.now()), commandId));
      const left = await throughOutages(sync, () => listWaiting(sync.db, commandId, few + 1));
      if (left.length <= few) await oneByOne(sync, batcher, command, left, tell);
      else await byBulk(sync, batcher, commandId, tell);
      const riders = await throughOutages(sync, () => countRiders(sync.db, commandId));
      return { progress: endOfImport(riders), riders };
    });
}

/** The import is told how it stands with the last of them. */
async function oneByOne(
  sync: Sync,
  batcher: Batcher,
  { commandId, requestedAt }: ImportRiders,
  riderIds: readonly number[],
  tell: (news: News) => void,
): Promise<void> {
  const fetches = riderIds.map((riderId) => {
    const wanted = {
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
    const tellOf = (progress: Progress) => {
      if (isLast && !isFinal(progress)) tell({ progress });
    };
    // Its outcome is stored with its reason: it keeps nobody else of the import from ending well.
    return fetchSingleOrBulk(sync, batcher, wanted, tellOf).catch((error: unknown) => {
      if (sync.signal.aborted) throw error;
    });
  });
  await Promise.all(fetches);
}

async function byBulk(
  sync: Sync,
  batcher: Batcher,
  commandId: string,
  tell: (news: News) => void,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let waiting: Waiting | undefined;
  const onTheWay = new Set<string>();
  const span = activeSpan();

  const tellNow = (riders?: News['riders']) => {
    const progress: Progress | undefined =
      onTheWay.size > 0 ? { state: 'running', via: 'bulk' } : waiting && progressOf(waiting, 'bulk');
    if (progress) tell({ progress, ...(riders && { riders }) });
  };
  const look = async () => {
    const riders = await throughOutages(sync, () => countRiders(sync.db, commandId));
    if (riders.waiting === 0) ended.resolve();
    else tellNow(riders);
  };
  const moved = ({ call, stage, imports, trace }: BulkMoved) => {
    if (stage === 'sent' && !imports.includes(commandId)) return;
    if (stage === 'sent') span?.addLinks(linksTo(trace));
    if (stage === 'sent') onTheWay.add(call);
    else onTheWay.delete(call);
    // Also after a call for others: it may have brought riders whom this one wants too.
    look().catch(ended.reject);
  };
  const leave = batcher.join({
    lane: () => importLane,
    forecast(news) {
      waiting = news;
      tellNow();
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
