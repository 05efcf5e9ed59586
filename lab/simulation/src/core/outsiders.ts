import { type Script, sleep } from '@paceline/kit/script';
import { settingsOf } from '@paceline/planning/slots';
import { nextOpening } from '@paceline/scheduler/core/schedule';
import { configOf } from './scenario.ts';
import type { Simulation } from './simulation.ts';

/** Records for every cycle of the rider sync, slot to slot, how many riders outside the clubs were refreshed. */
export function* watchOutsiders({ scenario, agenda, store, tally }: Simulation): Script {
  const period = { since: 0, settings: settingsOf(configOf(scenario)) };
  const untilNext = () => nextOpening(period, 'rider', agenda.now()) - agenda.now();
  yield* sleep(agenda, untilNext());
  for (;;) {
    const since = agenda.now();
    yield* sleep(agenda, untilNext());
    tally.outsiders.push(store.outsidersRefreshed(since));
  }
}
