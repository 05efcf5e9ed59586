import { PermitRefused } from '@paceline/shared/limiter';
import {
  callUpstream,
  type PlanRun,
  type RunRow,
  type RunWork,
  saveProgress,
  SourceUnavailable,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { findCandidates } from './adapters/events.ts';
import { storeSignups } from './adapters/signups.ts';
import type { EventSync } from './config.ts';
import { type InSlot, worthInSlot } from './core/choose.ts';
import {
  countsOf,
  endUnavailable,
  endRun,
  eventFailed,
  type EventRun,
  eventStored,
  resumeRun,
} from './core/event-run.ts';
import { type EventKind, laneOf, wholeHorizon } from './core/horizon.ts';
import { refreshList } from './refresh-list.ts';
import { signupsCall } from './signups-call.ts';

/** Fetches the list of events, and then the signups of those that are worth a call, for as long as the slot lasts. */
export const syncSignups =
  (sync: EventSync, kind: EventKind): RunWork =>
  async (row) => {
    const list = await refreshList(sync, row, kind);
    let run: EventRun = { ...resumeRun(row), error: 'error' in list ? list.error : null };
    if (list.is === 'not available') return { ...endRun(run, 0), state: 'failed' };
    // Without a newer list nobody knows what would be worth a call: that too is left for the next slot.
    const unknown = list.is === 'deferred' ? 1 : 0;
    for (;;) {
      const { best, own: left } = await worthwhile(sync, kind, run);
      if (run.stopped || !best) return endRun(run, left || unknown);
      try {
        const next = await inSpan('sync event', {}, () => syncBest(sync, row, kind, run, best));
        if (!next) return endRun(run, 0);
        run = next;
      } catch (error) {
        if (error instanceof SourceUnavailable) return endUnavailable(run, left, error.message);
        // The slot ends before a call is free.
        if (error instanceof PermitRefused) return endRun(run, left);
        throw error;
      }
    }
  };

/** What a run would call for, by our copy of the list. */
export const planSignups =
  (sync: EventSync, kind: EventKind): PlanRun =>
  async (row) => {
    const { own } = await worthwhile(sync, kind, resumeRun(row));
    return { endpoint: 'signups', worth: own };
  };

/** The event that is most worth a call now. */
async function worthwhile(sync: EventSync, kind: EventKind, run: EventRun): Promise<InSlot> {
  const now = sync.clock.now();
  return worthInSlot(kind, await findCandidates(sync.db, wholeHorizon(now)), run, sync.goals, now);
}

/**
 * Waits for a call and spends it on what is worth most by then. Undefined when nothing is worth it any more.
 */
async function syncBest(
  sync: EventSync,
  { runId, slotId, slotEndsAt }: RunRow,
  kind: EventKind,
  run: EventRun,
  best: NonNullable<InSlot['best']>,
): Promise<EventRun | undefined> {
  let { eventId } = best.choice.event;
  let left = 0;
  const save = async (next: EventRun, write: Parameters<typeof saveProgress>[3]) => {
    await saveProgress(sync, runId, { counts: countsOf(next, left), checkpoint: null }, write);
    return next;
  };
  try {
    const answer = await callUpstream(sync, {
      endpoint: 'signups',
      lane: laneOf(best.kind),
      deadline: slotEndsAt,
      slotId,
      owner: { runId },
      choose: async () => {
        const worth = await worthwhile(sync, kind, run);
        if (!worth.best) return undefined;
        const { choice } = worth.best;
        eventId = choice.event.eventId;
        left = worth.own - (worth.best.kind === kind ? 1 : 0);
        return signupsCall(sync, eventId, choice.because);
      },
    });
    if (!answer) return undefined;
    return await save(eventStored(run, answer.signups.length), (tx) =>
      storeSignups(tx, eventId, answer, Math.round(sync.clock.now())),
    );
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, eventId, runId }, 'the signups of an event could not be fetched');
    return save(eventFailed(run, 'signups', eventId, error.code, error.message), async () => {});
  }
}
