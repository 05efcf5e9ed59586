import { PermitRefused } from '@paceline/shared/limiter';
import {
  answered,
  callUpstream,
  type Flow,
  type PlanRun,
  type RunRow,
  type RunWork,
  saveProgress,
  SourceUnavailable,
  type Sync,
  throughOutages,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { isPage, UpstreamError, type UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { findFinishes, giveUpOn, storeResults, storeTry } from '../adapters/results.ts';
import { resultsHorizon, type WantedResults, wantedResults } from '../core/choose-results.ts';
import {
  countsOf,
  endUnavailable,
  endRun,
  type EventRun,
  eventFailed,
  eventStored,
  resumeRun,
} from '../core/event-run.ts';

export const flow = (sync: Sync): Flow => ({ run: syncResults(sync), plan: planResults(sync) });

/** Fetches the results of events that are over, those that are worth most first, for as long as the slot lasts. */
const syncResults =
  (sync: Sync): RunWork =>
  async (row) => {
    await throughOutages(sync, () => giveUpOn(sync.db, resultsHorizon(sync.clock.now()).after));
    let run: EventRun = resumeRun(row);
    for (;;) {
      const { length } = await wantedNow(sync, run);
      if (length === 0 || run.stopped) return endRun(run, length);
      try {
        const next = await inSpan('sync results', {}, () => syncBest(sync, row, run));
        if (!next) return endRun(run, 0);
        run = next;
      } catch (error) {
        if (error instanceof SourceUnavailable) return endUnavailable(run, length, error.message);
        // The slot ends before a call is free.
        if (error instanceof PermitRefused) return endRun(run, length);
        throw error;
      }
    }
  };

/** What a run would call for. */
const planResults =
  (sync: Sync): PlanRun =>
  async (row) => {
    const { length } = await wantedNow(sync, resumeRun(row));
    return { endpoint: 'results', worth: length };
  };

async function wantedNow(sync: Sync, { failed }: EventRun): Promise<WantedResults[]> {
  const now = sync.clock.now();
  return wantedResults(await findFinishes(sync.db, resultsHorizon(now)), failed, now);
}

/** Waits for a call and spends it on what is worth most by then. Undefined when nothing is worth it any more. */
async function syncBest(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  run: EventRun,
): Promise<EventRun | undefined> {
  let eventId = '';
  let left = 0;
  const save = async (next: EventRun, write: Parameters<typeof saveProgress>[3]) => {
    await saveProgress(sync, runId, { counts: countsOf(next, left), checkpoint: null }, write);
    return next;
  };
  const now = () => Math.round(sync.clock.now());
  try {
    const answer = await callUpstream(sync, {
      endpoint: 'results',
      lane: 'far_event_sync',
      deadline: slotEndsAt,
      slotId,
      owner: { runId },
      choose: async () => {
        const [best, ...others] = await wantedNow(sync, run);
        if (!best) return undefined;
        eventId = best.event.eventId;
        left = others.length;
        return {
          target: eventId,
          because: best.because,
          send: (permit) => sync.upstream.getResults(permit, eventId),
          outcome: ({ results, skipped }) => answered(`${results.length} results`, skipped),
        };
      },
    });
    if (!answer) return undefined;
    const next = eventStored(run, answer.results.length);
    return await save(next, (tx) => storeResults(tx, eventId, answer, now()));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, eventId, runId }, 'the results of an event could not be fetched');
    const next = isUnknown(error)
      ? eventStored(run, 0)
      : eventFailed(run, 'results', eventId, error.code, error.message);
    return save(next, async (tx) => {
      if (isUnknown(error) || aboutOne.has(error.code)) await storeTry(tx, eventId, error.message, now());
    });
  }
}

/** What is wrong with one event's answer and not with every one. */
const aboutOne: ReadonlySet<UpstreamErrorCode> = new Set(['rejected', 'unreadable']);

/** Upstream may well know no results where there are none yet. */
const isUnknown = ({ code, rawStart }: UpstreamError): boolean =>
  code === 'not_found' && !isPage(rawStart ?? '');
