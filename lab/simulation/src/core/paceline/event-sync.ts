import { chooseInSlot } from '@paceline/event-sync/core/choose';
import { horizonOf, isListFresh, wholeHorizon } from '@paceline/event-sync/core/classes';
import {
  startRun,
  decide,
  type EventRun,
  listFailure,
  type ListState,
  type RunEvent,
} from '@paceline/event-sync/core/event-run';
import {
  initialWatch,
  decide as decideWatch,
  findUrgent,
  watchedKind,
  type WatchEvent,
  type WatchState,
} from '@paceline/event-sync/core/urgent-watch';
import { type EventKind, kinds } from '@paceline/shared/definition';
import type { Simulation } from '../simulation.ts';
import { type Script, sleep } from '@paceline/kit/script';
import type { CallWithPermit } from './call.ts';
import type { SimulatedRun, RunEnding } from './runs.ts';

/** Performs the decisions of an event run, as in `flows/signups.ts` of the event sync. */
export function syncEvents(simulation: Simulation, call: CallWithPermit) {
  const { agenda, store, goals } = simulation;

  function* refreshList({ slotId, slotEndsAt }: SimulatedRun, kind: EventKind): Script<ListState> {
    const isFresh = () => isListFresh(store.listFetchedAt(), agenda.now());
    if (isFresh()) return { state: 'fresh' };
    const end = yield* call({
      endpoint: 'events',
      lane: kinds[kind].lane,
      deadline: slotEndsAt,
      slotId,
      choose: () => (isFresh() ? undefined : 'upcoming'),
    });
    if (end.outcome === 'answered') store.storeList(end.arrivedAt, agenda.now());
    if (end.outcome === 'failed') return listFailure(end.code, end.code);
    return { state: end.outcome === 'refused' ? 'deferred' : 'fresh' };
  }

  return function* (row: SimulatedRun): Script<RunEnding> {
    const kind = row.kind as EventKind;
    const found = (run: EventRun): RunEvent => {
      const now = agenda.now();
      return { event: 'found', ...chooseInSlot(kind, store.candidates(wholeHorizon(now)), run, goals, now) };
    };
    let state = startRun('signups', row, yield* refreshList(row, kind));
    for (;;) {
      if (state.phase === 'ended') return state.ending;
      const { run } = state;
      state = decide(state, found(run));
      if (state.phase !== 'waiting') continue;
      let eventId = '';
      const end = yield* call({
        endpoint: 'signups',
        lane: state.lane,
        deadline: row.slotEndsAt,
        slotId: row.slotId,
        choose: () => {
          state = decide(state, found(run));
          if (state.phase !== 'calling') return undefined;
          ({ eventId } = state.best);
          return eventId;
        },
      });
      if (end.outcome === 'refused') state = decide(state, { event: 'refused' });
      if (end.outcome === 'failed')
        state = decide(state, { event: 'failed', code: end.code, message: end.code });
      if (end.outcome === 'answered') {
        const items = store.storeSignups(eventId, end.arrivedAt, agenda.now());
        state = decide(state, { event: 'answered', items });
      }
    }
  };
}

/** Performs the decisions of the urgent watch, as in `flows/urgent-watch.ts` of the event sync. */
export function* watchUrgent({ agenda, store, goals }: Simulation, call: CallWithPermit): Script {
  const found = (state: WatchState): WatchEvent => {
    const now = agenda.now();
    return {
      event: 'found',
      ...findUrgent(store.candidates(horizonOf(watchedKind, now)), state, goals, now),
    };
  };
  let state = initialWatch;
  for (;;) {
    if (state.phase === 'pausing') {
      yield* sleep(agenda, state.ms);
      state = decideWatch(state, { event: 'woke' });
    }
    state = decideWatch(state, found(state));
    if (state.phase !== 'waiting') continue;
    let eventId = '';
    const end = yield* call({
      endpoint: 'signups',
      lane: state.lane,
      deadline: state.deadline,
      choose: () => {
        state = decideWatch(state, found(state));
        if (state.phase !== 'calling') return undefined;
        ({ eventId } = state);
        return eventId;
      },
    });
    if (end.outcome === 'answered') store.storeSignups(eventId, end.arrivedAt, agenda.now());
    if (end.outcome === 'answered' || end.outcome === 'refused')
      state = decideWatch(state, { event: end.outcome });
    if (end.outcome === 'failed') state = decideWatch(state, { event: 'failed', code: end.code });
  }
}
