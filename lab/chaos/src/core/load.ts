import { createDice } from '@paceline/kit/dice';
import type { SyncKind } from '@paceline/shared/definition';

/** What people ask for, and when: real ms after the load has begun. */
export type Ask = { readonly at: number } & (
  | { readonly does: 'add'; readonly riderId: number; readonly cancels: boolean }
  | { readonly does: 'import'; readonly riderIds: readonly number[] }
  | { readonly does: 'trigger'; readonly kind: SyncKind }
  | { readonly does: 'retry' }
);

/** Riders of no club, so that whoever is stored was asked for. */
const strangers = 4_500_000;
/** Upstream knows no such rider. */
const nobody = 7;

/** What is asked for during `lasts` real ms: about three adds a second, now and then an import, a trigger, a retry. */
export function planLoad(seed: number, lasts: number): Ask[] {
  const dice = createDice(seed, 'load');
  let next = strangers + dice.whole(0, 1_000) * 100;
  const newRider = () => (next += 1);
  const asks: Ask[] = [];
  for (let at = 0; at < lasts; at += dice.whole(120, 550)) {
    const chance = dice.whole(1, 100);
    if (chance <= 6) {
      const riderIds = Array.from({ length: dice.whole(2, 150) }, newRider);
      asks.push({ at, does: 'import', riderIds });
    } else if (chance <= 10) {
      asks.push({ at, does: 'trigger', kind: dice.pick(['rider', 'near', 'far', 'results']) });
    } else if (chance <= 12) {
      asks.push({ at, does: 'retry' });
    } else {
      const again = dice.whole(1, 20) === 1 && next > strangers;
      const riderId = chance === 13 ? nobody : again ? next : newRider();
      asks.push({ at, does: 'add', riderId, cancels: dice.whole(1, 25) === 1 });
    }
  }
  return asks;
}
