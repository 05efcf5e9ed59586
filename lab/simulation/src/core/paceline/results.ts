import { startRun } from '@paceline/event-sync/core/event-run';
import { chooseResults, resultsHorizon, scopeOfFailure } from '@paceline/event-sync/core/results';
import type { Script } from '@paceline/kit/script';
import type { Simulation } from '../simulation.ts';
import type { CallWithPermit } from './call.ts';
import { type EventCalls, runOverEvents } from './event-run.ts';
import type { RunEnding, SimulatedRun } from './runs.ts';

/** Performs the decisions of a results run, as in `flows/results.ts` of the event sync. */
export function syncResults(
  simulation: Simulation,
  call: CallWithPermit,
): (row: SimulatedRun) => Script<RunEnding> {
  const { agenda, store, tally } = simulation;
  const calls: EventCalls = {
    budget: 'results',
    choose({ failed }) {
      const now = agenda.now();
      return chooseResults(store.endedEvents(resultsHorizon(now)), failed, now);
    },
    store(eventId, arrivedAt) {
      const now = agenda.now();
      const { count, isRated } = store.storeResults(eventId, arrivedAt, now);
      if (count > 0) tally.recordResults(eventId, isRated, now);
      return count;
    },
    failed(eventId, end) {
      if (scopeOfFailure(end) !== 'all events') store.storeFailedTry(eventId, agenda.now());
    },
  };
  return (row) => runOverEvents(simulation, call, row, calls, startRun('results', row));
}
