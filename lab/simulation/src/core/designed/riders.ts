import { fullPage } from '@paceline/shared/zwiftracing';
import type { Slot } from '@paceline/shared/contracts';
import type { Click, Life } from '../life.ts';
import type { Script } from '../world/script.ts';
import type { Ask } from './ask.ts';

/** One club after the other, page by page, from where the last run stopped; until the slot ends, if there is one. */
export function clubsInTurn({ agenda, store, tally, clubIds }: Life, ask: Ask): (slot?: Slot) => Script {
  let next = 0;
  let from = 0;

  return function* (slot) {
    const until = slot === undefined ? {} : { until: slot.endsAt };
    let synced = 0;
    while (synced < clubIds.length) {
      const clubId = clubIds[next % clubIds.length] ?? 0;
      const end = yield* ask({
        budget: 'clubs',
        lane: () => 'rider_sync',
        ...until,
        choose: () => `${clubId}/${from}`,
      });
      if (end.is !== 'answered') break;
      const ids = store.storePage(clubId, from, agenda.now());
      if (ids.length >= fullPage) from = (ids.at(-1) ?? 0) + 1;
      else {
        from = 0;
        next += 1;
        synced += 1;
      }
    }
    const deferred = clubIds.length - synced;
    const counts = { planned: clubIds.length, synced, failed: 0, deferred, stored: 0 };
    tally.ran({
      kind: 'rider',
      state: 'done',
      counts,
      endedAt: agenda.now(),
      slotEndsAt: slot?.endsAt ?? Infinity,
    });
  };
}

/** Fetches a rider alone: five a minute are allowed, and nobody else calls there. */
export const addRider = ({ agenda, store, tally }: Life, ask: Ask) =>
  function* ({ riderId }: Click): Script {
    const end = yield* ask({
      budget: 'riders_single',
      lane: () => 'manual_rider_add',
      choose: () => String(riderId),
    });
    if (end.is !== 'answered') {
      tally.refused(riderId);
      return;
    }
    store.storeRider(riderId, agenda.now());
    tally.stored(riderId, agenda.now());
  };
