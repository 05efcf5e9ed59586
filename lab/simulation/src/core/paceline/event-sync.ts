import { worthInSlot } from '@paceline/event-sync/core/choose';
import {
  endRun,
  type EventRun,
  resumeRun,
  eventFailed,
  eventStored,
} from '@paceline/event-sync/core/event-run';
import { type EventKind, isListFresh, laneOf, wholeHorizon } from '@paceline/event-sync/core/horizon';
import type { Life } from '../life.ts';
import type { Script } from '../world/script.ts';
import type { Caller } from './call.ts';
import type { Run, RunEnding } from './runs.ts';

type List = 'fresh' | 'deferred' | 'failed';

/** Fetches the list of events, and then the signups of those that are worth a call, as `sync-events.ts` does. */
export function syncEvents(life: Life, call: Caller) {
  const { agenda, store, goals } = life;

  function* refreshList({ slotId, slotEndsAt }: Run, kind: EventKind): Script<List> {
    const isFresh = () => isListFresh(store.listFetchedAt(), agenda.now());
    if (isFresh()) return 'fresh';
    const end = yield* call({
      endpoint: 'events',
      lane: laneOf(kind),
      deadline: slotEndsAt,
      slotId,
      choose: () => (isFresh() ? undefined : 'upcoming'),
    });
    if (end.is === 'answered') store.storeList(end.arrivedAt, agenda.now());
    if (end.is === 'refused') return 'deferred';
    return end.is === 'failed' ? 'failed' : 'fresh';
  }

  function worthwhile(kind: EventKind, run: EventRun) {
    const now = agenda.now();
    return worthInSlot(kind, store.candidates(wholeHorizon(now)), run, goals, now);
  }

  return function* (row: Run): Script<RunEnding> {
    const kind = row.kind === 'near' ? 'near' : 'far';
    const list = yield* refreshList(row, kind);
    let run: EventRun = { ...resumeRun(row), error: list === 'failed' ? 'the list of events' : null };
    const unknown = list === 'deferred' ? 1 : 0;
    for (;;) {
      const { best, own: left } = worthwhile(kind, run);
      if (run.stopped || !best) return endRun(run, left || unknown);
      const current = run;
      let eventId = '';
      const end = yield* call({
        endpoint: 'signups',
        lane: laneOf(best.kind),
        deadline: row.slotEndsAt,
        slotId: row.slotId,
        choose: () => {
          eventId = worthwhile(kind, current).best?.choice.event.eventId ?? '';
          return eventId === '' ? undefined : eventId;
        },
      });
      if (end.is === 'refused') return endRun(run, left);
      if (end.is === 'failed') run = eventFailed(run, 'signups', eventId, end.code, end.code);
      else if (end.is !== 'answered') return endRun(run, 0);
      else run = eventStored(run, store.storeSignups(eventId, end.arrivedAt, agenda.now()));
    }
  };
}
