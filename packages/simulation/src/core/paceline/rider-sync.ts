import { deadlineOf } from '@paceline/rider-sync/src/core/command.ts';
import { beginRun, callFailed, endRun, pageStored } from '@paceline/rider-sync/src/core/club-run.ts';
import { afterPage } from '@paceline/rider-sync/src/core/pass.ts';
import { fullPage } from '@paceline/shared/zwiftracing';
import type { Click, Life } from '../life.ts';
import { type Script } from '../world/script.ts';
import type { Caller } from './call.ts';
import type { Run, RunEnding } from './runs.ts';

/** Real ms: on a fast clock the machine is still given so long to fetch a rider. */
const leastWaitMs = 5_000;

/** Pages through the clubs for as long as the slot has room for calls, as `sync-clubs.ts` does. */
export const syncClubs = ({ agenda, store, clubIds }: Life, call: Caller) =>
  function* (row: Run): Script<RunEnding> {
    let run = beginRun(row.runId, clubIds, row.checkpoint);
    for (let current = run.todo[0]; current && !run.stopped; current = run.todo[0]) {
      const { clubId, from } = current;
      let askedAt = 0;
      const end = yield* call({
        endpoint: 'clubs',
        lane: 'rider_sync',
        deadline: row.slotEndsAt,
        slotId: row.slotId,
        choose: () => {
          askedAt = agenda.now();
          return `${clubId}/${from ?? 0}`;
        },
      });
      if (end.is === 'refused' || end.is === 'not worth it') break;
      if (end.is === 'failed') {
        run = callFailed(run, end.code, end.code);
        continue;
      }
      const ids = store.storePage(clubId, from, agenda.now());
      run = pageStored(run, afterPage(current, { length: ids.length, ids, askedAt }, fullPage), ids.length);
    }
    return endRun(run);
  };

/** Fetches one rider as soon as a call is free, as `fetch-rider.ts` does. */
export const addRider = ({ agenda, clock, store, tally }: Life, call: Caller) =>
  function* ({ riderId, at }: Click): Script {
    const end = yield* call({
      endpoint: 'riders_single',
      lane: 'manual_rider_add',
      deadline: deadlineOf(agenda.now(), clock.fromMachine(leastWaitMs)),
      firstAskedAt: at,
      attempts: Number.POSITIVE_INFINITY,
      choose: () => (store.isStoredSince(riderId, at) ? undefined : String(riderId)),
    });
    if (end.is === 'answered') store.storeRider(riderId, agenda.now());
    if (end.is === 'answered' || end.is === 'not worth it') tally.stored(riderId, agenda.now());
    else tally.refused(riderId);
  };
