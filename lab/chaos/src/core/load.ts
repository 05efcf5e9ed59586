import { createDice } from '@paceline/kit/dice';
import { kindNames } from '@paceline/shared/definition';

/** An API request; `at`: real ms after the start of the load. */
export interface LoadRequest {
  readonly at: number;
  /** `retry`: retries a failed run, if any. */
  readonly action: 'add' | 'import' | 'trigger' | 'retry';
  readonly path: string;
  readonly body?: object;
  readonly riderIds: readonly number[];
  readonly cancels?: boolean;
}

/** Riders in no club, so that they are stored only if requested. */
const firstOutsider = 4_500_000;
/** Does not exist upstream. */
const unknownRider = 7;

/** Requests for `lasts` real ms: about three adds per second, with some imports, triggers and retries. */
export function planLoad(seed: number, lasts: number): LoadRequest[] {
  const dice = createDice(seed, 'load');
  let next = firstOutsider + dice.whole(0, 1_000) * 100;
  const newRider = () => (next += 1);
  const requests: LoadRequest[] = [];
  for (let at = 0; at < lasts; at += dice.whole(120, 550)) {
    const chance = dice.whole(1, 100);
    if (chance <= 6) {
      const riderIds = Array.from({ length: dice.whole(2, 150) }, newRider);
      requests.push({ at, action: 'import', path: '/v1/riders/import', body: { riderIds }, riderIds });
    } else if (chance <= 10) {
      requests.push({
        at,
        action: 'trigger',
        path: `/v1/syncs/${dice.pick(kindNames)}/trigger`,
        riderIds: [],
      });
    } else if (chance <= 12) {
      requests.push({ at, action: 'retry', path: '/v1/runs', riderIds: [] });
    } else {
      const again = dice.whole(1, 20) === 1 && next > firstOutsider;
      const riderId = chance === 13 ? unknownRider : again ? next : newRider();
      const cancels = dice.whole(1, 25) === 1;
      requests.push({
        at,
        action: 'add',
        path: '/v1/riders',
        body: { riderId },
        riderIds: [riderId],
        cancels,
      });
    }
  }
  return requests;
}
