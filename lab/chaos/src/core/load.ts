import { createDice } from '@paceline/kit/dice';
import { kindNames, type SyncKind } from '@paceline/shared/definition';

/** A request of the API, and when: real ms after the load has begun. */
export type LoadRequest = { readonly at: number } & (
  | { readonly does: 'add'; readonly riderId: number; readonly cancels: boolean }
  | { readonly does: 'import'; readonly riderIds: readonly number[] }
  | { readonly does: 'trigger'; readonly kind: SyncKind }
  | { readonly does: 'retry' }
);

/** Riders of no club, so that whoever is stored was asked for. */
const strangers = 4_500_000;
/** Upstream knows no such rider. */
const nobody = 7;

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
      requests.push({ at, does: 'import', riderIds });
    } else if (chance <= 10) {
      requests.push({ at, does: 'trigger', kind: dice.pick(kindNames) });
    } else if (chance <= 12) {
      requests.push({ at, does: 'retry' });
    } else {
      const again = dice.whole(1, 20) === 1 && next > strangers;
      const riderId = chance === 13 ? nobody : again ? next : newRider();
      requests.push({ at, does: 'add', riderId, cancels: dice.whole(1, 25) === 1 });
    }
  }
  return requests;
}
