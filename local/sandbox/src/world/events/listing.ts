import { draw } from '../../random.ts';
import { toSeconds } from '../../time.ts';
import type { PlannedEvent } from './event.ts';
import { type Entry, isEntered } from './roster.ts';

/**
 * An event as the list tells it at `at` (project ms). Ids and laps are strings, `categories` and `signups` are
 * parallel CSV strings, `distance` (metres) is sometimes a string.
 */
export function listingOf(seed: number, event: PlannedEvent, roster: readonly Entry[], at: number) {
  const counts = event.pens.map(() => 0);
  for (const entry of roster) if (isEntered(entry, at)) counts[entry.pen] = (counts[entry.pen] ?? 0) + 1;
  const { distance } = event;
  return {
    eventId: String(event.id),
    time: toSeconds(event.start),
    routeId: String(event.routeId),
    distance: draw(seed, 'distance as text', event.id) < 0.2 ? String(distance) : distance,
    title: event.title,
    numLaps: String(event.laps),
    type: event.type,
    subType: event.subType,
    staggeredStart: event.staggeredStart,
    categories: event.pens.join(','),
    signups: counts.join(','),
  };
}
