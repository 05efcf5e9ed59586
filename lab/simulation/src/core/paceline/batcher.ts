import {
  Batcher,
  type BatcherRequest,
  type BatcherTimer,
  type RequestEnd,
  timerMs,
  timerEvents,
} from '@paceline/rider-sync/core/batcher';
import { maxLostAfter, minFillAgeMs } from '@paceline/rider-sync/core/bulk-call';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Simulation } from '../simulation.ts';
import { runScript, type Script } from '@paceline/kit/script';
import type { CallWithPermit, CallEnd } from './call.ts';
import type { SimulatedRun } from './runs.ts';
import { createWantedRiders, type WantedRiders } from './wanted-riders.ts';

export interface BulkCallUpdate {
  readonly call: number;
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly sentAt: number;
  readonly riderIds: readonly number[];
  /** How many of the riders are outside the clubs; when lost 0. */
  readonly outsiders: number;
}

export interface BulkCalls {
  readonly batcher: Batcher<SimulatedRun, BulkCallUpdate>;
  readonly wanted: WantedRiders;
}

/** Performs the batcher's decisions on virtual time. */
export function createBulkCalls(simulation: Simulation, call: CallWithPermit): BulkCalls {
  const { agenda, store } = simulation;
  const timers: Partial<Record<BatcherTimer, object>> = {};
  let withdrawal = new AbortController();
  let calls = 0;
  const batcher = new Batcher<SimulatedRun, BulkCallUpdate>({
    now: () => agenda.now(),
    request(request) {
      withdrawal = new AbortController();
      runScript(requestBulkCall(simulation, call, bulk, request, withdrawal.signal, () => (calls += 1)));
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
  const bulk = { batcher, wanted: createWantedRiders(store.isStoredSince) };
  return bulk;
}

/** The riders of a call in flight. */
interface ChosenRiders {
  readonly call: number;
  readonly sentAt: number;
  readonly wanted: readonly number[];
  readonly outsiders: readonly number[];
}

function* requestBulkCall(
  simulation: Simulation,
  call: CallWithPermit,
  bulk: BulkCalls,
  { request, lane, since }: BatcherRequest,
  withdrawn: AbortSignal,
  nextCall: () => number,
): Script {
  const { agenda, store, tally } = simulation;
  const { batcher, wanted } = bulk;
  const slotId = batcher.run?.slotId;
  let sent: ChosenRiders | undefined;
  const end = yield* call({
    endpoint: 'riders_bulk',
    lane,
    requestedAt: since,
    inLaneSince: agenda.now(),
    signal: withdrawn,
    ...(slotId === undefined ? {} : { slotId }),
    attempts: 1,
    onWaiting: (estimate) => batcher.dispatch({ type: 'estimate', request, estimate }),
    choose() {
      sent = chooseRiders(simulation, bulk, nextCall);
      if (!sent) return undefined;
      batcher.dispatch({ type: 'sent', request });
      batcher.callChanged(updateOf(sent, 'sent'), true);
      return `${sent.wanted.length + sent.outsiders.length} riders`;
    },
    // Released here, not after the retry in a higher lane, so that another call can take the riders in between.
    onFailed(code) {
      if (sent) releaseRiders(simulation, bulk, sent, code);
      sent = undefined;
    },
  });
  if (sent && end.outcome === 'answered') {
    for (const id of [...sent.wanted, ...sent.outsiders]) {
      store.storeRider(id, agenda.now());
      wanted.end(id, 'done');
      tally.recordStored(id, agenda.now());
    }
    batcher.callChanged(updateOf(sent, 'answered'), true);
  }
  batcher.dispatch({ type: 'request ended', request, how: howOf(end, withdrawn) });
}

const updateOf = (
  { call, sentAt, wanted, outsiders }: ChosenRiders,
  stage: BulkCallUpdate['stage'],
): BulkCallUpdate => ({
  call,
  stage,
  sentAt,
  riderIds: [...wanted, ...outsiders],
  outsiders: stage === 'lost' ? 0 : outsiders.length,
});

function howOf(end: CallEnd, withdrawn: AbortSignal): RequestEnd {
  if (end.outcome === 'answered') return { outcome: 'answered' };
  if (end.outcome === 'not worth it') return { outcome: 'unused' };
  if (withdrawn.aborted) return { outcome: 'withdrawn' };
  return { outcome: 'failed', ...(end.outcome === 'refused' && { closedUntil: end.earliest }) };
}

/** As in `flows/bulk-call.ts` of the rider sync. */
function chooseRiders(
  { scenario, agenda, store }: Simulation,
  { batcher, wanted }: BulkCalls,
  nextCall: () => number,
): ChosenRiders | undefined {
  const { run } = batcher;
  const { batch } = scenario.definition.endpoints.riders_bulk;
  wanted.endFresh();
  const ids = wanted.lock(batch).map(({ riderId }) => riderId);
  if (ids.length === 0 && !run) return undefined;
  const now = agenda.now();
  const staleBefore = Math.max(now - minFillAgeMs, run?.scheduledFor ?? 0);
  const except = new Set(ids);
  const outsiders = store
    .outsiders(staleBefore)
    .filter((id) => !except.has(id))
    .slice(0, batch - ids.length);
  if (ids.length + outsiders.length === 0) return undefined;
  store.markSent(outsiders, now);
  return { call: nextCall(), sentAt: now, wanted: ids, outsiders };
}

/** Makes the riders available to other calls. @param code undefined: it was too late to be sent */
function releaseRiders(
  { store, tally }: Simulation,
  { batcher, wanted }: BulkCalls,
  sent: ChosenRiders,
  code: UpstreamErrorCode | undefined,
): void {
  wanted.unlock(sent.wanted);
  if (code === undefined || code === 'rate_limited') store.markSent(sent.outsiders, undefined);
  else for (const id of wanted.recordLostCall(sent.wanted, maxLostAfter(code))) tally.recordRefused(id);
  batcher.callChanged(updateOf(sent, 'lost'), true);
}
