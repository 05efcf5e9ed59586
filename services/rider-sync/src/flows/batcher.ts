import { type BulkCallChanged, catalog } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import { subscribe, signal } from '@paceline/shared/messaging';
import { nowMs, type Sync } from '@paceline/shared/sync';
import {
  Batcher,
  type BatcherRequest,
  type BatcherTimer,
  type RequestEnd,
  timerMs,
  timerEvents,
} from '../core/batcher.ts';
import { makeBulkCall, type SlotRun } from './bulk-call.ts';

export type BulkBatcher = Batcher<SlotRun, BulkCallChanged>;

/** Real ms; the minimum time for added riders to arrive on a fast clock. */
const minCollectMs = 50;

/** Requests bulk calls as `core/batcher.ts` decides. All processes share the table of wanted riders. */
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
    withdraw: () => withdrawal.abort(new Error('no member needs this bulk call any more')),
    startTimer({ timer }) {
      const stopped = (timers[timer] = new AbortController());
      const least = timer === 'collect' ? sync.clock.toProjectMs(minCollectMs) : 0;
      const ended = AbortSignal.any([stopped.signal, sync.signal]);
      sync.clock.sleep(Math.max(timerMs[timer], least), ended).then(
        () => batcher.dispatch(timerEvents[timer]),
        () => undefined,
      );
    },
    stopTimer: ({ timer }) => timers[timer]?.abort(),
  });
  subscribe(sync.bus, catalog.bulkCallChanged, {}, (change) => {
    if (!own.calls.has(change.call)) batcher.callChanged(change, false);
    else if (change.stage !== 'sent') own.calls.delete(change.call);
  });
  return batcher;
}

/** The calls of this process and their riders. */
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
    inFlight: own.riders,
    run: () => batcher.run,
    onWaiting: (estimate) => batcher.dispatch({ type: 'estimate', request, estimate }),
    onChanged(change) {
      own.calls.add(change.call);
      if (change.stage === 'sent') batcher.dispatch({ type: 'sent', request });
      signal(sync.bus, catalog.bulkCallChanged, {}, change);
      batcher.callChanged(change, true);
    },
  });
  const how = await call.then(
    (called): RequestEnd => ({ outcome: called ? 'answered' : 'unused' }),
    (error: unknown): RequestEnd => {
      if (withdrawn.aborted || sync.signal.aborted) return { outcome: 'withdrawn' };
      sync.log.warn({ err: error }, 'bulk call failed');
      return { outcome: 'failed', ...(error instanceof PermitRefused && { closedUntil: error.earliest }) };
    },
  );
  batcher.dispatch({ type: 'request ended', request, how });
}
