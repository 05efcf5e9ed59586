import { type EventKind, kinds } from '@paceline/shared/definition';
import { PermitRefused } from '@paceline/shared/limiter';
import { retryDuringOutage } from '@paceline/shared/database';
import {
  callOutcome,
  callUpstream,
  type Flow,
  nowMs,
  type RunRow,
  SourceUnavailable,
  type Sync,
} from '@paceline/shared/sync';
import { type SignupsResponse, UpstreamError } from '@paceline/shared/zwiftracing';
import { count } from '@paceline/shared/words';
import { listFetchedAt, storeEvents, storeSignups } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { chooseInSlot } from '../core/call-plan/choose.ts';
import { isListFresh } from '../core/classes.ts';
import { startRun, listFailure, type ListState } from '../core/event-run.ts';
import { openPlanner, type Planner } from './call-plan.ts';
import { type EventCalls, planOverEvents, runOverEvents } from './event-run.ts';

/** Refreshes the event list, then fetches signups as planned, until the slot ends. */
export function flowOf(sync: EventSync, kind: EventKind): Flow {
  const calls = callsForSignups(sync, kind, openPlanner(sync));
  return {
    async run(row) {
      const list = await refreshList(sync, row, kind);
      return runOverEvents(sync, row, calls, startRun(calls.budget, row, list));
    },
    plan: planOverEvents(calls),
  };
}

const callsForSignups = (
  { clock, upstream }: EventSync,
  kind: EventKind,
  plan: Planner,
): EventCalls<'signups', SignupsResponse> => ({
  budget: 'signups',
  async choose(run, permit) {
    const slot = { from: Number.NEGATIVE_INFINITY, until: run.endsAt };
    return chooseInSlot(kind, await plan({ permit, except: run.failed, slot }), run);
  },
  send: (permit, eventId) => upstream.getSignups(permit, eventId),
  read: ({ signups, skipped }) => ({ items: signups, skipped }),
  store: (tx, eventId, answer) => storeSignups(tx, eventId, answer, nowMs({ clock })),
});

/** Fetches the list of upcoming events unless our copy is fresh. */
async function refreshList(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  kind: EventKind,
): Promise<ListState> {
  const isFresh = async () => isListFresh(await listFetchedAt(sync.db), sync.clock.now());
  if (await isFresh()) return { state: 'fresh' };
  try {
    const answer = await callUpstream(sync, {
      endpoint: 'events',
      lane: kinds[kind].lane,
      deadline: slotEndsAt,
      slotId,
      owner: { runId },
      choose: async () => {
        // The other kind may have fetched it during the wait.
        if (await isFresh()) return undefined;
        return {
          target: 'upcoming',
          send: (permit) => sync.upstream.getUpcomingEvents(permit),
          outcome: ({ events, skipped }) => callOutcome(count(events.length, 'event'), skipped),
        };
      },
    });
    if (answer) {
      const fetchedAt = nowMs(sync);
      const doubt = await retryDuringOutage(sync, () => storeEvents(sync.db, answer, fetchedAt));
      if (doubt) {
        sync.log.warn({ runId, reason: doubt.text }, 'event list in doubt');
        return listFailure('unreadable', doubt.text);
      }
    }
    return { state: 'fresh' };
  } catch (error) {
    if (error instanceof SourceUnavailable) return { state: 'unavailable', error: error.message };
    if (error instanceof PermitRefused) return { state: 'deferred' };
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, runId }, 'event list call failed');
    return listFailure(error.code, error.message);
  }
}
