import { PermitRefused } from '@paceline/shared/limiter';
import { retryDuringOutage } from '@paceline/shared/database';
import { callOutcome, callUpstream, nowMs, type Transaction } from '@paceline/shared/sync';
import { inSpan, repeatedFailure } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { count } from '@paceline/shared/words';
import { storeSignups } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { chooseUrgent } from '../core/call-plan/choose.ts';
import type { PlannedCall } from '../core/call-plan/plan.ts';
import { initialWatch, decide, watchedKind, type WatchEvent, type WatchState } from '../core/urgent-watch.ts';
import { openPlanner, type PlanOptions } from './call-plan.ts';

/** Makes the calls that are planned for the last minutes before a start, in or outside a slot, until shutdown. */
export async function watchUrgent(sync: EventSync): Promise<void> {
  const findUrgentCall = urgentFinder(sync);
  const failures = repeatedFailure((err) => sync.log.error({ err }, 'urgent watch failed, retrying'));
  let state = initialWatch;
  while (!sync.signal.aborted) {
    try {
      state = await advance(sync, findUrgentCall, state);
      failures.succeeded();
    } catch (error) {
      if (sync.signal.aborted) return;
      failures.failed(error);
      state = decide(state, { event: 'error' });
    }
  }
}

type FindUrgent = (
  state: WatchState,
  permit: PlanOptions['permit'],
) => Promise<WatchEvent & { readonly event: 'found' }>;

async function advance(sync: EventSync, findUrgentCall: FindUrgent, state: WatchState): Promise<WatchState> {
  if (state.phase === 'waiting')
    return inSpan('refresh urgent event', {}, () => fetchMostUrgent(sync, findUrgentCall, state));
  if (state.phase !== 'pausing') return decide(state, await findUrgentCall(state, 'before'));
  await sync.clock.sleep(state.ms, sync.signal);
  return decide(state, { event: 'woke' });
}

function urgentFinder(sync: EventSync): FindUrgent {
  const plan = openPlanner(sync);
  const isAllowed = modeFilter(sync);
  return async ({ failures }, permit) => {
    const options = { permit, except: failures.failed };
    const { call, next } = chooseUrgent(await retryDuringOutage(sync, () => plan(options)));
    const isOn = call !== undefined && (await isAllowed(call));
    return {
      event: 'found',
      call: isOn ? call : undefined,
      next: call ? Infinity : next,
      now: sync.clock.now(),
    };
  };
}

/** Waits for a permit and fetches the event that is planned then, if it is an urgent one. */
async function fetchMostUrgent(
  sync: EventSync,
  findUrgentCall: FindUrgent,
  waiting: WatchState & { phase: 'waiting' },
): Promise<WatchState> {
  let state: WatchState = waiting;
  let eventId = '';
  try {
    const answer = await callUpstream(sync, {
      endpoint: 'signups',
      lane: waiting.lane,
      deadline: waiting.deadline,
      owner: {},
      choose: async () => {
        // A near run or another replica may have fetched it in the meantime.
        state = decide(state, await findUrgentCall(state, 'held'));
        if (state.phase !== 'calling') return undefined;
        const { event, because, freshUntil } = state.call;
        ({ eventId } = event);
        const target = eventId;
        return {
          target,
          because,
          freshUntil,
          send: (permit) => sync.upstream.getSignups(permit, target),
          outcome: ({ signups, skipped }) => callOutcome(count(signups.length, 'signup'), skipped),
        };
      },
    });
    if (!answer) return state;
    const store = (tx: Transaction) => storeSignups(tx, eventId, answer, nowMs(sync));
    const doubt = await retryDuringOutage(sync, () => sync.db.transaction(store));
    if (!doubt) return decide(state, { event: 'answered' });
    sync.log.warn({ eventId, reason: doubt.text }, 'urgent signups response in doubt');
    return decide(state, { event: 'failed', code: 'unreadable' });
  } catch (error) {
    if (error instanceof PermitRefused) return decide(state, { event: 'refused' });
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, eventId }, 'urgent signups call failed');
    return decide(state, { event: 'failed', code: error.code });
  }
}

/** Allows calls only while the near sync is on. While it is observed, each event is logged once. */
function modeFilter(sync: EventSync): (call: PlannedCall) => Promise<boolean> {
  const logged = new Set<string>();
  return async ({ event: { eventId } }) => {
    const mode = await sync.schedule.modeOf(watchedKind, nowMs(sync));
    if (mode === 'observed' && !logged.has(eventId)) {
      logged.add(eventId);
      sync.log.info({ eventId, observed: logged.size }, 'urgent event observed, not fetched');
    }
    return mode === 'on';
  };
}
