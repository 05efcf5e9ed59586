import { between, draw } from '../random.ts';
import { MINUTE, SECOND, toSeconds } from '../time.ts';
import type { Membership } from './clubs.ts';
import { currentRating, skillOf, traitsOf } from './form.ts';
import { withEntities } from './names.ts';
import { riderAt } from './rider.ts';
import { type Entry, isEntered } from './roster.ts';
import type { PlannedEvent } from './timetable.ts';

/** When an event's results appear, 10 to 30 minutes after the last finish, and when ratings follow (project ms). */
function publication(seed: number, { id, start, duration, type }: PlannedEvent) {
  const resultsAt = start + duration + between(draw(seed, 'results appear', id), 10, 30) * MINUTE;
  const ratedAt = resultsAt + between(draw(seed, 'ratings appear', id), 15, 60) * MINUTE;
  return { resultsAt, ratedAt: type === 'Race' ? ratedAt : Number.POSITIVE_INFINITY };
}

/** One rider who rode an event. */
type Finisher = Readonly<ReturnType<typeof finishersOf>[number]>;

/** Everybody who was still signed up at the start and came, fastest first, then those who gave up. */
function finishersOf(seed: number, event: PlannedEvent, roster: readonly Entry[]) {
  return roster
    .filter((entry) => isEntered(entry, event.start) && draw(seed, 'comes', event.id, entry.riderId) > 0.08)
    .map(({ riderId, pen }) => {
      const of = (stream: string) => draw(seed, stream, event.id, riderId);
      const traits = traitsOf(seed, riderId);
      const pace = 1 - 0.3 * skillOf(seed, riderId) - 0.03 * of('luck');
      return {
        riderId,
        name: traits.name,
        pen,
        /** Seconds from the start, or into the race for those who gave up. */
        time: Math.round((event.duration / SECOND) * pace * 1000) / 1000,
        finished: of('gives up') > 0.04,
        ratingBefore: currentRating(seed, traits, event.start),
        ratingDelta: Math.round(between(of('rating delta'), -35, 35) * 100) / 100,
      };
    })
    .toSorted((a, b) => Number(b.finished) - Number(a.finished) || a.time - b.time);
}

const cents = (value: number) => Math.round(value * 100) / 100;

function ratingsOf({ ratingBefore, ratingDelta }: Finisher, isRated: boolean) {
  const before = ratingBefore === null ? {} : { ratingBefore };
  if (!isRated) return before;
  const rating = cents((ratingBefore ?? 1000) + ratingDelta);
  const best = Math.max(rating, ratingBefore ?? 0);
  return { ...before, rating, ratingDelta, ratingMax30: best, ratingMax90: best };
}

/** Empty until they appear, then unrated, then rated. `distance` is in km, sometimes in metres. Names are escaped. */
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
