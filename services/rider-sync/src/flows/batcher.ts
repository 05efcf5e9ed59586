import { type BulkCallChanged, catalog } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import { listen, signal } from '@paceline/shared/messaging';
import { nowMs, plainError, type Sync } from '@paceline/shared/sync';
import {
  Batcher,
  type BatcherRequest,
  type BatcherTimer,
  type RequestEnd,
  timerMs,
  timerOver,
} from '../core/batcher.ts';
import { makeBulkCall, type SlotRun } from './bulk-call.ts';

export type BulkBatcher = Batcher<SlotRun, BulkCallChanged>;

/** Real ms: on a fast clock the machine still has so long to hear of added riders. */
const leastGatherMs = 50;

/** Requests bulk calls for its members: `core/batcher.ts` decides. The wanted riders are in a table of all processes. */
export function openBatcher(sync: Sync, clubIds: readonly number[]): BulkBatcher {
  const own: OwnCalls = { calls: new Set(), riders: new Set(), clubIds };
  const timers: Partial<Record<BatcherTimer, AbortController>> = {};
  let withdrawal = new AbortController();
  const batcher: BulkBatcher = new Batcher({
    now: () => nowMs(sync),
    request(request) {
      if (sync.signal.aborted) return;
      withdrawal = new AbortController();
      void requestBulkCall(sync, batcher, own, request, withdrawal.signal);
    },
    withdraw: () => withdrawal.abort(new Error('no member wants this bulk call any more')),
    startTimer({ timer }) {
      const stopped = (timers[timer] = new AbortController());
      const least = timer === 'gather' ? sync.clock.fromMachine(leastGatherMs) : 0;
      const ended = AbortSignal.any([stopped.signal, sync.signal]);
      sync.clock.sleep(Math.max(timerMs[timer], least), ended).then(
        () => batcher.happened(timerOver[timer]),
        () => undefined,
      );
    },
    stopTimer: ({ timer }) => timers[timer]?.abort(),
  });
  listen(sync.bus, catalog.bulkCallChanged, {}, (move) => {
    if (!own.calls.has(move.call)) batcher.moved(move, false);
    else if (move.stage !== 'sent') own.calls.delete(move.call);
  });
  return batcher;
}

/** The calls of this process, and the riders on them. */
interface OwnCalls {
  readonly calls: Set<string>;
  readonly riders: Set<number>;
  readonly clubIds: readonly number[];
}

async function requestBulkCall(
  sync: Sync,
  batcher: BulkBatcher,
  own: OwnCalls,
  { request, lane, since }: BatcherRequest,
  withdrawn: AbortSignal,
): Promise<void> {
  const call = makeBulkCall(sync, {
    lane,
    requestedAt: since,
    signal: AbortSignal.any([sync.signal, withdrawn]),
    clubIds: own.clubIds,
    inHand: own.riders,
    run: () => batcher.run,
    onWaiting: (forecast) => batcher.happened({ type: 'forecast', request, forecast }),
    onMoved(move) {
      own.calls.add(move.call);
      if (move.stage === 'sent') batcher.happened({ type: 'sent', request });
      signal(sync.bus, catalog.bulkCallChanged, {}, move);
      batcher.moved(move, true);
    },
  });
  const how = await call.then(
    (called): RequestEnd => ({ is: called ? 'answered' : 'unused' }),
    (error: unknown): RequestEnd => {
      if (withdrawn.aborted || sync.signal.aborted) return { is: 'withdrawn' };
      sync.log.warn({ err: plainError(error) }, 'a bulk call has failed');
      return { is: 'failed', ...(error instanceof PermitRefused && { closedUntil: error.earliest }) };
    },
  );
  batcher.happened({ type: 'request ended', request, how });
}
