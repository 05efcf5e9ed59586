import {
  Batcher,
  type BatcherRequest,
  type BatcherTimer,
  type RequestEnd,
  timerMs,
  timerEvents,
} from '@paceline/rider-sync/core/batcher';
import { minFillAgeMs, maxIdsPerCall } from '@paceline/rider-sync/core/bulk-call';
import type { Simulation } from '../simulation.ts';
import { runScript, type Script } from '@paceline/kit/script';
import type { CallWithPermit, CallEnd } from './call.ts';
import type { SimulatedRun } from './runs.ts';

export interface BulkCallUpdate {
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly sentAt: number;
  readonly riderIds: readonly number[];
}

export interface BulkCalls {
  readonly batcher: Batcher<SimulatedRun, BulkCallUpdate>;
  /** Riders for the next bulk call. */
  readonly listed: Set<number>;
}

/** Performs the batcher's decisions on virtual time. */
export function createBulkCalls(simulation: Simulation, call: CallWithPermit): BulkCalls {
  const { agenda } = simulation;
  const timers: Partial<Record<BatcherTimer, object>> = {};
  let withdrawal = new AbortController();
  const batcher = new Batcher<SimulatedRun, BulkCallUpdate>({
    now: () => agenda.now(),
    request(request) {
      withdrawal = new AbortController();
      runScript(requestBulkCall(simulation, call, bulk, request, withdrawal.signal));
    },
    withdraw: () => withdrawal.abort(),
    startTimer({ timer }) {
      const started = (timers[timer] = {});
      agenda.in(timerMs[timer], () => {
        if (timers[timer] === started) batcher.dispatch(timerEvents[timer]);
      });
    },
    stopTimer: ({ timer }) => void delete timers[timer],
  });
  const bulk = { batcher, listed: new Set<number>() };
  return bulk;
}

function* requestBulkCall(
  simulation: Simulation,
  call: CallWithPermit,
  bulk: BulkCalls,
  { request, lane, since }: BatcherRequest,
  withdrawn: AbortSignal,
): Script {
  const { batcher } = bulk;
  const slotId = batcher.run?.slotId;
  let sent: BulkCallUpdate | undefined;
  const end = yield* call({
    endpoint: 'riders_bulk',
    lane,
    requestedAt: since,
    signal: withdrawn,
    ...(slotId === undefined ? {} : { slotId }),
    attempts: 1,
    onWaiting: (estimate) => batcher.dispatch({ type: 'estimate', request, estimate }),
    choose() {
      if (sent) batcher.callChanged({ ...sent, stage: 'lost' }, true);
      sent = chooseRiders(simulation, bulk);
      if (!sent) return undefined;
      batcher.dispatch({ type: 'sent', request });
      batcher.callChanged(sent, true);
      return `${sent.riderIds.length} riders`;
    },
  });
  const { agenda, store } = simulation;
  if (sent && end.outcome === 'answered') for (const id of sent.riderIds) store.storeRider(id, agenda.now());
  if (sent) batcher.callChanged({ ...sent, stage: end.outcome === 'answered' ? 'answered' : 'lost' }, true);
  batcher.dispatch({ type: 'request ended', request, how: howOf(end, withdrawn) });
}

function howOf(end: CallEnd, withdrawn: AbortSignal): RequestEnd {
  if (end.outcome === 'answered') return { outcome: 'answered' };
  if (end.outcome === 'not worth it') return { outcome: 'unused' };
  return { outcome: withdrawn.aborted ? 'withdrawn' : 'failed' };
}

/** As in `flows/bulk-call.ts` of the rider sync. */
function chooseRiders(
  { agenda, store }: Simulation,
  { batcher, listed }: BulkCalls,
): BulkCallUpdate | undefined {
  const { run } = batcher;
  const ids = [...listed].slice(0, maxIdsPerCall);
  if (ids.length === 0 && !run) return undefined;
  const staleBefore = Math.max(agenda.now() - minFillAgeMs, run?.scheduledFor ?? 0);
  const outsiders = store
    .outsiders(staleBefore)
    .filter((id) => !listed.has(id))
    .slice(0, maxIdsPerCall - ids.length);
  store.markSent(outsiders, agenda.now());
  for (const id of ids) listed.delete(id);
  const riderIds = [...ids, ...outsiders];
  return riderIds.length > 0 ? { stage: 'sent', sentAt: agenda.now(), riderIds } : undefined;
}
