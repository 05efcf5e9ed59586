import { PermitRefused } from '@paceline/shared/limiter';
import { notAvailable } from '@paceline/shared/contracts';
import {
  answered,
  callUpstream,
  type RunRow,
  SourceUnavailable,
  type Sync,
  throughOutages,
} from '@paceline/shared/sync';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { listFetchedAt, storeEvents } from './adapters/events.ts';
import { isNotAvailable } from './core/event-run.ts';
import { type EventKind, isListFresh, laneOf } from './core/horizon.ts';

/** What has become of the list; `deferred`: the slot ends before a call is free. Our copy may still do. */
export type ListState =
  | { readonly is: 'fresh' | 'deferred' }
  | { readonly is: 'failed' | 'not available'; readonly error: string };

/** Fetches the list of upcoming events, unless our copy is new enough. */
export async function refreshList(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  kind: EventKind,
): Promise<ListState> {
  const isFresh = async () => isListFresh(await listFetchedAt(sync.db), sync.clock.now());
  if (await isFresh()) return { is: 'fresh' };
  try {
    const answer = await callUpstream(sync, {
      endpoint: 'events',
      lane: laneOf(kind),
      deadline: slotEndsAt,
      slotId,
      owner: { runId },
      choose: async () => {
        // The other kind may have fetched it while this one waited.
        if (await isFresh()) return undefined;
        return {
          target: 'upcoming',
          send: (permit) => sync.upstream.getUpcomingEvents(permit),
          outcome: ({ events, skipped }) => answered(`${events.length} events`, skipped),
        };
      },
    });
    if (answer) {
      const fetchedAt = Math.round(sync.clock.now());
      await throughOutages(sync, () => storeEvents(sync.db, answer.events, fetchedAt));
    }
    return { is: 'fresh' };
  } catch (error) {
    if (error instanceof SourceUnavailable) return { is: 'not available', error: error.message };
    if (error instanceof PermitRefused) return { is: 'deferred' };
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, runId }, 'the list of events could not be fetched');
    return isNotAvailable(error.code)
      ? { is: 'not available', error: notAvailable('events', error.message) }
      : { is: 'failed', error: `the list of events: ${error.message}` };
  }
}
