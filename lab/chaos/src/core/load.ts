import { createDice } from '@paceline/kit/dice';
import { kindNames } from '@paceline/shared/definition';

/** A request of the API, and when: real ms after the load has begun. */
export interface LoadRequest {
  readonly at: number;
  /** `retry`: of a run that has failed, when there is one. */
  readonly does: 'add' | 'import' | 'trigger' | 'retry';
  readonly path: string;
  readonly body?: object;
  /** The riders that are asked for. */
  readonly riderIds: readonly number[];
  readonly cancels?: boolean;
}

/** Riders of no club, so that whoever is stored was asked for. */
const strangers = 4_500_000;
/** Upstream knows no such rider. */
const unknownRider = 7;

/** The requests of `lasts` real ms: about three adds a second, now and then an import, a trigger, a retry. */
export function planLoad(seed: number, lasts: number): LoadRequest[] {
  const dice = createDice(seed, 'load');
  let next = strangers + dice.whole(0, 1_000) * 100;
  const newRider = () => (next += 1);
  const requests: LoadRequest[] = [];
  for (let at = 0; at < lasts; at += dice.whole(120, 550)) {
    const chance = dice.whole(1, 100);
    if (chance <= 6) {
      const riderIds = Array.from({ length: dice.whole(2, 150) }, newRider);
      requests.push({ at, does: 'import', path: '/v1/riders/import', body: { riderIds }, riderIds });
    } else if (chance <= 10) {
      requests.push({ at, does: 'trigger', path: `/v1/syncs/${dice.pick(kindNames)}/trigger`, riderIds: [] });
    } else if (chance <= 12) {
      requests.push({ at, does: 'retry', path: '/v1/runs', riderIds: [] });
    } else {
      const again = dice.whole(1, 20) === 1 && next > strangers;
      const riderId = chance === 13 ? unknownRider : again ? next : newRider();
      const cancels = dice.whole(1, 25) === 1;
      requests.push({ at, does: 'add', path: '/v1/riders', body: { riderId }, riderIds: [riderId], cancels });
    }
  }
  return requests;
}
