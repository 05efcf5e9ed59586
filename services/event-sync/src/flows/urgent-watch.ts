import { PermitRefused } from '@paceline/shared/limiter';
import type { ScheduleBucket } from '@paceline/shared/messaging';
import { retryDuringOutage } from '@paceline/shared/database';
import { callOutcome, callUpstream, nowMs, type Transaction } from '@paceline/shared/sync';
import { inSpan, repeatedFailure } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { count } from '@paceline/shared/words';
import { findCandidates, storeSignups } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { urgentReason } from '../core/choose.ts';
import { type Candidate, horizonOf } from '../core/classes.ts';
import {
  initialWatch,
  decide,
  findUrgent,
  watchedKind,
  type WatchEvent,
  type WatchState,
} from '../core/urgent-watch.ts';

/** Refreshes the signups of each event once in the last minutes before its start, until shutdown. */
export async function watchUrgent(sync: EventSync, schedule: ScheduleBucket): Promise<void> {
  const findUrgentEvents = urgentFinder(sync, modeFilter(sync, schedule));
  const failures = repeatedFailure((err) => sync.log.error({ err }, 'urgent watch failed, retrying'));
  let state = initialWatch;
  while (!sync.signal.aborted) {
    try {
      state = await advance(sync, findUrgentEvents, state);
      failures.succeeded();
    } catch (error) {
      if (sync.signal.aborted) return;
      failures.failed(error);
      state = decide(state, { event: 'error' });
    }
  }
}

type FindUrgent = (state: WatchState) => Promise<WatchEvent & { readonly event: 'found' }>;

async function advance(
  sync: EventSync,
  findUrgentEvents: FindUrgent,
  state: WatchState,
): Promise<WatchState> {
  if (state.phase === 'waiting')
    return inSpan('refresh urgent event', {}, () => fetchMostUrgent(sync, findUrgentEvents, state));
  if (state.phase !== 'pausing') return decide(state, await findUrgentEvents(state));
  await sync.clock.sleep(state.ms, sync.signal);
  return decide(state, { event: 'woke' });
}

const urgentFinder =
  (sync: EventSync, allow: (urgent: readonly Candidate[]) => Promise<readonly Candidate[]>): FindUrgent =>
  async (state) => {
    const now = sync.clock.now();
    const upcoming = await retryDuringOutage(sync, () =>
      findCandidates(sync.db, horizonOf(watchedKind, now)),
    );
    const { urgent, pause } = findUrgent(upcoming, state, sync.goals, now);
    return { event: 'found', urgent: await allow(urgent), pause };
  };

/** Waits for a permit and fetches the event that is most urgent by then. */
async function fetchMostUrgent(
  sync: EventSync,
  findUrgentEvents: FindUrgent,
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
        state = decide(state, await findUrgentEvents(state));
        if (state.phase !== 'calling') return undefined;
        ({ eventId } = state);
        const target = eventId;
        return {
          target,
          because: urgentReason,
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

/** Passes events on only while the near sync is on. While it is observed, each event is logged once. */
function modeFilter(sync: EventSync, { modeOf }: ScheduleBucket) {
  const logged = new Set<string>();
  return async (urgent: readonly Candidate[]): Promise<readonly Candidate[]> => {
    if (urgent.length === 0) return urgent;
    const mode = await modeOf(watchedKind, nowMs(sync));
    if (mode === 'on') return urgent;
    for (const { eventId } of mode === 'observed' ? urgent : []) {
      if (logged.has(eventId)) continue;
      logged.add(eventId);
      sync.log.info({ eventId, observed: logged.size }, 'urgent event observed, not fetched');
    }
    return [];
  };
}
