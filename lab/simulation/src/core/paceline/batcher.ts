import {
  Batcher,
  type BatcherRequest,
  type BatcherTimer,
  type RequestEnd,
  timerMs,
  timerOver,
} from '@paceline/rider-sync/core/batcher';
import { fillUpAge, fullCall } from '@paceline/rider-sync/core/bulk-call';
import type { Life } from '../life.ts';
import { runScript, type Script } from '@paceline/kit/script';
import type { Caller, CallEnd } from './call.ts';
import type { Run } from './runs.ts';

/** A bulk call has left, was answered or was lost. */
export interface Move {
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly sentAt: number;
  readonly riderIds: readonly number[];
}

export interface BulkCalls {
  readonly batcher: Batcher<Run, Move>;
  /** The riders that a bulk call takes next. */
  readonly listed: Set<number>;
}

/** Does on the agenda what the batcher decides. */
export function openBatcher(life: Life, call: Caller): BulkCalls {
  const { agenda } = life;
  const timers: Partial<Record<BatcherTimer, object>> = {};
  let withdrawal = new AbortController();
  const batcher = new Batcher<Run, Move>({
    now: () => agenda.now(),
    request(request) {
      withdrawal = new AbortController();
      runScript(requestBulkCall(life, call, bulk, request, withdrawal.signal));
    },
    withdraw: () => withdrawal.abort(),
    startTimer({ timer }) {
      const started = (timers[timer] = {});
      agenda.in(timerMs[timer], () => {
        if (timers[timer] === started) batcher.happened(timerOver[timer]);
      });
    },
    stopTimer: ({ timer }) => void delete timers[timer],
  });
  const bulk = { batcher, listed: new Set<number>() };
  return bulk;
}

function* requestBulkCall(
  life: Life,
  call: Caller,
  bulk: BulkCalls,
  { request, lane, since }: BatcherRequest,
  withdrawn: AbortSignal,
): Script {
  const { batcher } = bulk;
  const slotId = batcher.run?.slotId;
  let held: Move | undefined;
  const end = yield* call({
    endpoint: 'riders_bulk',
    lane,
    requestedAt: since,
    signal: withdrawn,
    ...(slotId === undefined ? {} : { slotId }),
    attempts: 1,
    onWaiting: (forecast) => batcher.happened({ type: 'forecast', request, forecast }),
    choose() {
      if (held) batcher.moved({ ...held, stage: 'lost' }, true);
      held = load(life, bulk);
      if (!held) return undefined;
      batcher.happened({ type: 'sent', request });
      batcher.moved(held, true);
      return `${held.riderIds.length} riders`;
    },
  });
  const { agenda, store } = life;
  if (held && end.is === 'answered') for (const id of held.riderIds) store.storeRider(id, agenda.now());
  if (held) batcher.moved({ ...held, stage: end.is === 'answered' ? 'answered' : 'lost' }, true);
  batcher.happened({ type: 'request ended', request, how: howOf(end, withdrawn) });
}

function howOf(end: CallEnd, withdrawn: AbortSignal): RequestEnd {
  if (end.is === 'answered') return { is: 'answered' };
  if (end.is === 'not worth it') return { is: 'unused' };
  return { is: withdrawn.aborted ? 'withdrawn' : 'failed' };
}

/** The riders of a call, as `flows/bulk-call.ts` chooses them. */
function load({ agenda, store }: Life, { batcher, listed }: BulkCalls): Move | undefined {
  const { run } = batcher;
  const ids = [...listed].slice(0, fullCall);
  if (ids.length === 0 && !run) return undefined;
  const staleBefore = Math.max(agenda.now() - fillUpAge, run?.scheduledFor ?? 0);
  const outsiders = store
    .outsiders(staleBefore)
    .filter((id) => !listed.has(id))
    .slice(0, fullCall - ids.length);
  store.takeAlong(outsiders, agenda.now());
  for (const id of ids) listed.delete(id);
  const riderIds = [...ids, ...outsiders];
  return riderIds.length > 0 ? { stage: 'sent', sentAt: agenda.now(), riderIds } : undefined;
}
