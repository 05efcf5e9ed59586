import { draw } from '../../random.ts';
import { toSeconds } from '../../time.ts';
import { withEntities } from '../names.ts';
import type { PlannedEvent } from './event.ts';
import { type Finisher, finishersOf, publication } from './finish.ts';
import type { Entry } from './roster.ts';

const cents = (value: number) => Math.round(value * 100) / 100;

function ratingsOf({ ratingBefore, ratingDelta }: Finisher, isRated: boolean) {
  const before = ratingBefore === null ? {} : { ratingBefore };
  if (!isRated) return before;
  const rating = cents((ratingBefore ?? 1000) + ratingDelta);
  const best = Math.max(rating, ratingBefore ?? 0);
  return { ...before, rating, ratingDelta, ratingMax30: best, ratingMax90: best };
}

/**
 * The results at `at` (project ms): an empty list until they appear, first without ratings. Riders who gave up
 * have no `position`. `distance` is in km for most events and in metres for some. Names are escaped.
 */
export function resultsOf(seed: number, event: PlannedEvent, roster: readonly Entry[], at: number) {
  const { resultsAt, ratedAt } = publication(seed, event);
  const finishers = at < resultsAt ? [] : finishersOf(seed, event, roster);
  const results = finishers.map((finisher, index) => {
    const { riderId, name, pen, time, finished } = finisher;
    const ahead = finishers.slice(0, index).filter((other) => other.pen === pen);
    return {
      riderId,
      name: withEntities(name),
      category: event.pens[pen] ?? '',
      time,
      gap: cents(Math.max(0, time - (ahead[0]?.time ?? time))),
      ...(finished ? { position: index + 1, positionInCategory: ahead.length + 1 } : {}),
      ...ratingsOf(finisher, at >= ratedAt),
    };
  });
  return {
    eventId: String(event.id),
    time: toSeconds(event.start),
    routeId: String(event.routeId),
    distance: draw(seed, 'results in metres', event.id) < 0.2 ? event.distance : cents(event.distance / 1000),
    title: event.title,
    type: event.type,
    subType: event.subType,
    results,
  };
}
