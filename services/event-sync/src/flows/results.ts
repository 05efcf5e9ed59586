import { retryDuringOutage } from '@paceline/shared/database';
import { type Flow, nowMs, type Sync } from '@paceline/shared/sync';
import type { EventResults } from '@paceline/shared/zwiftracing';
import { findEndedEvents, giveUpResults, storeResults, storeFailedTry } from '../adapters/results.ts';
import { chooseResults, resultsHorizon, scopeOfFailure } from '../core/results.ts';
import { type EventCalls, planOverEvents, runOverEvents } from './event-run.ts';

/** Fetches the results of events that are over, most valuable first. */
export function flow(sync: Sync): Flow {
  const calls = callsForResults(sync);
  return {
    async run(row) {
      await retryDuringOutage(sync, () => giveUpResults(sync.db, resultsHorizon(sync.clock.now()).after));
      return runOverEvents(sync, row, calls);
    },
    plan: planOverEvents(calls),
  };
}

function callsForResults({ db, clock, upstream }: Sync): EventCalls<'results', EventResults> {
  return {
    budget: 'results',
    async choose({ failed }) {
      const now = clock.now();
      return chooseResults(await findEndedEvents(db, resultsHorizon(now)), failed, now);
    },
    send: (permit, eventId) => upstream.getResults(permit, eventId),
    read: ({ results, skipped }) => ({ items: results, skipped }),
    store: (tx, eventId, answer) => storeResults(tx, eventId, answer, nowMs({ clock })),
    failed(error) {
      const { code, message } = error;
      const scope = scopeOfFailure(error);
      return {
        event: scope === 'none yet' ? { event: 'answered', items: 0 } : { event: 'failed', code, message },
        async store(tx, eventId) {
          if (scope !== 'all events') await storeFailedTry(tx, eventId, message, nowMs({ clock }));
        },
      };
    },
  };
}
