import { PermitRefused } from '@paceline/shared/limiter';
import type { ScheduleBucket } from '@paceline/shared/messaging';
import {
  callOutcome,
  callUpstream,
  nowMs,
  plainError,
  throughOutages,
  type Transaction,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { findCandidates, storeSignups } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { urgentReason } from '../core/choose.ts';
import { type Candidate, horizonOf } from '../core/classes.ts';
import {
  beginWatch,
  decide,
  lookFor,
  watchedKind,
  type WatchEvent,
  type WatchState,
} from '../core/urgent-watch.ts';

/** Refreshes the signups of each event once in its last minutes, in or out of a slot, until shutdown begins. */
export async function watchUrgent(sync: EventSync, schedule: ScheduleBucket): Promise<void> {
  const look = lookAt(sync, allowed(sync, schedule));
  let state = beginWatch;
  while (!sync.signal.aborted) {
    try {
      state = await goOn(sync, look, state);
    } catch (error) {
      if (sync.signal.aborted) return;
      sync.log.error({ err: plainError(error) }, 'watch over urgent events failed, retrying');
      state = decide(state, { event: 'troubled' });
    }
  }
}

type LookAt = (state: WatchState) => Promise<WatchEvent & { readonly event: 'looked' }>;

async function goOn(sync: EventSync, look: LookAt, state: WatchState): Promise<WatchState> {
  if (state.is === 'asking') return inSpan('refresh urgent event', {}, () => callForFirst(sync, look, state));
  if (state.is !== 'pausing') return decide(state, await look(state));
  await sync.clock.sleep(state.ms, sync.signal);
  return decide(state, { event: 'woke' });
}

const lookAt =
  (sync: EventSync, allow: (urgent: readonly Candidate[]) => Promise<readonly Candidate[]>): LookAt =>
  async (state) => {
    const now = sync.clock.now();
    const coming = await throughOutages(sync, () => findCandidates(sync.db, horizonOf(watchedKind, now)));
    const { urgent, pause } = lookFor(coming, state, sync.goals, now);
    return { event: 'looked', urgent: await allow(urgent), pause };
  };

/** Waits for a permit and spends it on the event that can wait least by then. */
async function callForFirst(
  sync: EventSync,
  look: LookAt,
  asking: WatchState & { is: 'asking' },
): Promise<WatchState> {
  let state: WatchState = asking;
  let eventId = '';
  try {
    const answer = await callUpstream(sync, {
      endpoint: 'signups',
      lane: asking.lane,
      deadline: asking.deadline,
      owner: {},
      choose: async () => {
        // A near run, or another replica, may have fetched it meanwhile.
        state = decide(state, await look(state));
        if (state.is !== 'calling') return undefined;
        ({ eventId } = state);
        const target = eventId;
        return {
          target,
          because: urgentReason,
          send: (permit) => sync.upstream.getSignups(permit, target),
          outcome: ({ signups, skipped }) => callOutcome(`${signups.length} signups`, skipped),
        };
      },
    });
    if (!answer) return state;
    const store = (tx: Transaction) => storeSignups(tx, eventId, answer, nowMs(sync));
    await throughOutages(sync, () => sync.db.transaction(store));
    return decide(state, { event: 'answered' });
  } catch (error) {
    if (error instanceof PermitRefused) return decide(state, { event: 'refused' });
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, eventId }, 'call for the signups of an urgent event failed');
    return decide(state, { event: 'failed', code: error.code });
  }
}

/** All while the near sync is on. None while it is off; nor while it is observed, but then each is logged once. */
function allowed({ log }: EventSync, { modeOf }: ScheduleBucket) {
  const logged = new Set<string>();
  return async (urgent: readonly Candidate[]): Promise<readonly Candidate[]> => {
    if (urgent.length === 0) return urgent;
    const mode = await modeOf(watchedKind);
    if (mode === 'on') return urgent;
    for (const { eventId } of mode === 'observed' ? urgent : []) {
      if (logged.has(eventId)) continue;
      logged.add(eventId);
      log.info({ eventId, observed: logged.size }, 'urgent event observed, not called for');
    }
    return [];
  };
}
