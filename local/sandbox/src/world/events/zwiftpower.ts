import type { Membership } from '../clubs.ts';
import { withEntities } from '../names.ts';
import { riderAt } from '../riders/rider.ts';
import type { PlannedEvent } from './event.ts';
import { finishersOf, publication } from './finish.ts';
import type { Entry } from './roster.ts';

/** The same race as ZwiftPower tells it: a bare array, with other names, numbers as text and values in pairs. */
export function zwiftPowerResultsOf(
  seed: number,
  membership: Membership,
  event: PlannedEvent,
  roster: readonly Entry[],
  at: number,
) {
  if (at < publication(seed, event).resultsAt) return [];
  return finishersOf(seed, event, roster)
    .filter(({ finished }) => finished)
    .map(({ riderId, name }, index) => {
      const { zpFTP, weight } = riderAt(seed, membership, riderId, event.start);
      const average = Math.round(zpFTP * 0.93);
      return {
        pos: index + 1,
        zwid: riderId,
        name: withEntities(name),
        ftp: String(zpFTP),
        avg_power: [average, 0],
        avg_wkg: [(average / weight).toFixed(1), 0],
      };
    });
}
