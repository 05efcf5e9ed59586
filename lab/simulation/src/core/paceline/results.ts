import { decide, type EventRun, type RunEvent, startRun } from '@paceline/event-sync/core/event-run';
import { chooseResults, resultsHorizon, scopeOfFailure } from '@paceline/event-sync/core/results';
import type { Script } from '@paceline/kit/script';
import type { Simulation } from '../simulation.ts';
import type { CallWithPermit } from './call.ts';
import type { RunEnding, SimulatedRun } from './runs.ts';

/** Performs the decisions of a results run, as in `flows/results.ts` of the event sync. */
export const syncResults = ({ agenda, store, tally }: Simulation, call: CallWithPermit) =>
  function* (row: SimulatedRun): Script<RunEnding> {
    const found = ({ failed }: EventRun): RunEvent => {
      const now = agenda.now();
      return { event: 'found', ...chooseResults(store.endedEvents(resultsHorizon(now)), failed, now) };
    };
    let state = startRun('results', row);
    for (;;) {
      if (state.phase === 'ended') return state.ending;
      const { run } = state;
      state = decide(state, found(run));
      if (state.phase !== 'waiting') continue;
      let eventId = '';
      const end = yield* call({
        endpoint: 'results',
        lane: state.lane,
        deadline: row.slotEndsAt,
        slotId: row.slotId,
        choose() {
          state = decide(state, found(run));
          if (state.phase !== 'calling') return undefined;
          ({ eventId } = state.best);
          return eventId;
        },
      });
      const now = agenda.now();
      if (end.outcome === 'refused') state = decide(state, { event: 'refused' });
      if (end.outcome === 'failed') {
        if (scopeOfFailure(end) !== 'all events') store.storeFailedTry(eventId, now);
        state = decide(state, { event: 'failed', code: end.code, message: end.code });
      }
      if (end.outcome === 'answered') {
        const { count, isRated } = store.storeResults(eventId, end.arrivedAt, now);
        if (count > 0) tally.recordResults(eventId, isRated, now);
        state = decide(state, { event: 'answered', items: count });
      }
    }
  };
