import { between, draw, pick, sequence } from '../random.ts';
import { HOUR, MINUTE, SECOND, toSeconds } from '../time.ts';
import {
  rounded,
  currentRating,
  type ClubMembership,
  riderAt,
  riderIdAt,
  signupAt,
  skillOf,
  titleOf,
  traitsOf,
  withEntities,
} from './riders.ts';

/** How far ahead events are listed, in project ms. */
export const HORIZON = 168 * HOUR;

const minutes = [0, 0, 0, 0, 0, 0, 30, 30, 30, 15, 15, 45, 45, 5, 10, 20, 25, 35, 40, 50, 55] as const;
const penSets = ['A,B,C,D,E', 'A,B,C,D,E', 'A,B,C,D', 'A+,A,B,C,D', 'A+,A,B', 'A,B', 'E'] as const;
const subTypes = ['Scratch', 'Scratch', 'Points', 'Time Trial', 'Ladder'] as const;
const types = ['Group Ride', 'Group Workout'] as const;

/** Typical signups of an event by its hour: evenings in Europe are full, nights nearly empty. */
function crowd(hour: number): number {
  if (hour >= 17 && hour < 22) return 95;
  return hour >= 6 ? 40 : 15;
}

export type PlannedEvent = Readonly<ReturnType<typeof planEvent>>;

/** @param hour the hour in which the event starts, counted from the epoch */
function planEvent(seed: number, id: number, hour: number) {
  const of = (stream: string) => draw(seed, stream, id);
  const start = hour * HOUR + pick(of('minute'), minutes) * MINUTE;
  const isRace = of('race or ride') < 0.9;
  return {
    id,
    title: titleOf(seed, id),
    start,
    // Most events are announced during the week before, so the list thins out towards its end.
    listedFrom:
      of('announced early') < 0.28
        ? start - HORIZON
        : Math.floor(start - between(of('announced'), 48 * HOUR, HORIZON)),
    /** From the start to the last finish. */
    duration: Math.round(between(of('duration'), 25, 75)) * MINUTE,
    type: isRace ? 'Race' : pick(of('type'), types),
    subType: isRace ? pick(of('sub-type'), subTypes) : '',
    routeId: Math.floor(between(of('route'), 1e7, 4e9)),
    distance: Math.floor(between(of('distance'), 9_000, 62_000)),
    laps: 1 + Math.floor(of('laps') ** 2 * 8),
    staggeredStart: of('staggered') < 0.6,
    pens: of('no pens') < 0.04 ? [] : pick(of('pens'), penSets).split(','),
    size: Math.max(3, Math.round(crowd(hour % 24) * between(of('size') ** 2, 0.25, 2.6))),
  };
}

/** Events that start in each hour of the day, UTC: 155 a day, half of them between 19:00 and 21:00. */
const perHour = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 5, 10, 21, 38, 35, 13, 4, 2] as const;

/** An id is the hour times this plus an index; no hour has more events. */
const IDS_PER_HOUR = 50;
/** More hours than any request covers; beyond that the oldest hour is evicted. */
const HOURS_KEPT = 1000;

export function createTimetable(seed: number) {
  const planned = new Map<number, readonly PlannedEvent[]>();

  const planHour = (hour: number): PlannedEvent[] => {
    const usual = perHour[((hour % 24) + 24) % 24] ?? 0;
    const more = usual < 5 ? 0 : Math.floor(draw(seed, 'busy hour', hour) * 3) - 1;
    return Array.from({ length: usual + more }, (_, index) =>
      planEvent(seed, hour * IDS_PER_HOUR + index, hour),
    );
  };
  const inHour = (hour: number): readonly PlannedEvent[] => {
    const events = planned.get(hour) ?? planHour(hour);
    planned.set(hour, events);
    const [oldest] = planned.keys();
    if (planned.size > HOURS_KEPT && oldest !== undefined) planned.delete(oldest);
    return events;
  };

  const hoursFrom = (at: number, hours: number): PlannedEvent[] => {
    const first = Math.floor(at / HOUR);
    return Array.from({ length: hours + 1 }, (_, index) => inHour(first + index)).flat();
  };

  return {
    byId: (id: number): PlannedEvent | undefined => inHour(Math.floor(id / IDS_PER_HOUR))[id % IDS_PER_HOUR],
    /** Events listed at `at` (project ms): announced, not started, within the horizon. */
    upcoming: (at: number) =>
      hoursFrom(at, HORIZON / HOUR).filter(
        ({ start, listedFrom }) => start > at && start <= at + HORIZON && listedFrom <= at,
      ),
    /** Events that start in [from, until), whether listed or not. */
    startingIn: (from: number, until: number) =>
      hoursFrom(from, Math.ceil((until - from) / HOUR)).filter(({ start }) => start >= from && start < until),
  };
}

/** One rider's signup for one event, from `joinedAt` until `leftAt` (project ms; infinite if never withdrawn). */
export interface SignupEntry {
  readonly riderId: number;
  /** Index into the event's pens. */
  readonly pen: number;
  readonly joinedAt: number;
  readonly leftAt: number;
}

/** The number of riders outside the listed clubs who sign up for events. */
const REGULARS = 40_000;

/** Whether a signup is valid at `at` (project ms). */
export const isEntered = ({ joinedAt, leftAt }: SignupEntry, at: number): boolean =>
  joinedAt <= at && at < leftAt;

/** Counts the valid signups of a roster by time: like `isEntered` for each, but with binary search. */
export function countEntered(roster: readonly SignupEntry[]): (at: number) => number {
  const joined = Float64Array.from(roster, ({ joinedAt }) => joinedAt).sort();
  const left = Float64Array.from(roster, ({ leftAt }) => leftAt).sort();
  return (at) => countUpTo(joined, at) - countUpTo(left, at);
}

/** The number of sorted `times` up to and including `at`. */
function countUpTo(times: Float64Array, at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How long before the start a rider signs up, in ms: a quarter days ahead, half in the last hour. */
function joinLead(when: number, spread: number, listed: number): number {
  if (when < 0.25) return between(spread ** 2, HOUR, listed);
  if (when < 0.45) return between(spread, HOUR, 6 * HOUR);
  if (when < 0.65) return between(spread, 20 * MINUTE, HOUR);
  return between(spread, 5 * MINUTE, 22 * MINUTE);
}

/** One in seven withdraws, half of them in the last four minutes, when there are no new signups. */
function withdrawalTime(leaves: number, spread: number, joinedAt: number, start: number): number {
  if (leaves > 0.14) return Number.POSITIVE_INFINITY;
  const from = leaves < 0.07 ? joinedAt : Math.max(joinedAt, start - 4 * MINUTE);
  return Math.floor(between(spread, from + 1, start));
}

/** All signups for an event, including later withdrawn ones; each rider once. */
export function planRoster(
  seed: number,
  membership: ClubMembership,
  event: PlannedEvent,
): readonly SignupEntry[] {
  const next = sequence(seed, 'roster', event.id);
  const roster = new Map<number, SignupEntry>();
  while (event.pens.length > 0 && roster.size < event.size) {
    const { riderId, isMember } = anyRider(seed, membership, next);
    const noise = between(next(), -0.08, 0.08);
    // A club plans ahead: its members sign up earlier than others, and change their minds more often.
    const haste = isMember ? 0.5 : 1;
    const lead = joinLead(next() * haste, next(), event.start - event.listedFrom);
    const joinedAt = Math.floor(event.start - lead);
    const leftAt = withdrawalTime(next() * haste, next(), joinedAt, event.start);
    const pen = Math.floor((1 - skillOf(seed, riderId) + noise) * event.pens.length);
    const inRange = Math.max(0, Math.min(pen, event.pens.length - 1));
    roster.set(riderId, { riderId, pen: inRange, joinedAt, leftAt });
  }
  return [...roster.values()];
}

/** Sometimes a member of a listed club, each club equally often; else a regular. */
function anyRider(seed: number, { clubs, membersOf }: ClubMembership, next: () => number) {
  const isOurs = next() < 0.04;
  const members = clubs.length > 0 ? membersOf(pick(next(), clubs).id) : undefined;
  if (isOurs && members) return { riderId: pick(next(), members), isMember: true };
  return { riderId: riderIdAt(draw(seed, 'regular', Math.floor(next() * REGULARS))), isMember: false };
}

/** The event in the list at `at`. Ids and laps are strings, `categories` and `signups` parallel CSV, `distance` can be text. */
export function listingOf(seed: number, event: PlannedEvent, roster: readonly SignupEntry[], at: number) {
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

/** The valid signups at `at` (project ms) by pen. Withdrawn riders are simply missing. Names are HTML-escaped. */
export function signupsOf(
  seed: number,
  membership: ClubMembership,
  event: PlannedEvent,
  roster: readonly SignupEntry[],
  at: number,
) {
  return event.pens.map((name, pen) => {
    const riders = roster
      .filter((entry) => entry.pen === pen && isEntered(entry, at))
      .map(({ riderId }) => signupAt(seed, membership, riderId, at))
      .map((rider) => ({ ...rider, name: withEntities(rider.name) }));
    const ratings = riders.flatMap(({ race }) => race.rating ?? []);
    const sum = ratings.reduce((total, rating) => total + rating, 0);
    const avgRating = ratings.length > 0 ? rounded(sum / ratings.length, 2) : 0;
    return { name, avgRating, ratedRiders: ratings.length, riders };
  });
}

/** When an event's results appear, 10 to 30 minutes after the last finish, and when they are rated (project ms). */
export function publicationOf(seed: number, { id, start, duration, type }: PlannedEvent) {
  const resultsAt = start + duration + between(draw(seed, 'results appear', id), 10, 30) * MINUTE;
  const ratedAt = resultsAt + between(draw(seed, 'ratings appear', id), 15, 60) * MINUTE;
  return { resultsAt, ratedAt: type === 'Race' ? ratedAt : Number.POSITIVE_INFINITY };
}

type Finisher = Readonly<ReturnType<typeof finishersOf>[number]>;

/** Riders signed up at the start who took part. */
const starters = (seed: number, event: PlannedEvent, roster: readonly SignupEntry[]) =>
  roster.filter(
    (entry) => isEntered(entry, event.start) && draw(seed, 'comes', event.id, entry.riderId) > 0.08,
  );

/** The number of results at `at`, and whether they are rated. */
export function resultsCountOf(
  seed: number,
  event: PlannedEvent,
  roster: readonly SignupEntry[],
  at: number,
) {
  const { resultsAt, ratedAt } = publicationOf(seed, event);
  const count = at < resultsAt ? 0 : starters(seed, event, roster).length;
  return { count, isRated: count > 0 && at >= ratedAt };
}

/** Those who took part: finishers by time, then those who did not finish. */
function finishersOf(seed: number, event: PlannedEvent, roster: readonly SignupEntry[]) {
  return starters(seed, event, roster)
    .map(({ riderId, pen }) => {
      const of = (stream: string) => draw(seed, stream, event.id, riderId);
      const traits = traitsOf(seed, riderId);
      const pace = 1 - 0.3 * skillOf(seed, riderId) - 0.03 * of('luck');
      return {
        riderId,
        name: traits.name,
        pen,
        /** Seconds from the start to the finish or to giving up. */
        time: rounded((event.duration / SECOND) * pace, 3),
        finished: of('gives up') > 0.04,
        ratingBefore: currentRating(seed, traits, event.start),
        ratingDelta: rounded(between(of('rating delta'), -35, 35), 2),
      };
    })
    .toSorted((a, b) => Number(b.finished) - Number(a.finished) || a.time - b.time);
}

/** While not rated, the rating is the one before the race, without a change. */
function ratingsOf({ ratingBefore, ratingDelta }: Finisher, isRated: boolean) {
  const before = ratingBefore === null ? {} : { ratingBefore };
  if (!isRated) return ratingBefore === null ? {} : { rating: ratingBefore, ratingBefore };
  const rating = rounded((ratingBefore ?? 1000) + ratingDelta, 2);
  const best = Math.max(rating, ratingBefore ?? 0);
  return { ...before, rating, ratingDelta, ratingMax30: best, ratingMax90: best };
}

/**
 * Results at `at`: empty, later unrated, then rated. Riders who did not finish come last, with a `position` but no gap;
 * of finishers only some events have a `position`. `distance` is in km, sometimes in metres. Names are HTML-escaped.
 */
export function resultsOf(seed: number, event: PlannedEvent, roster: readonly SignupEntry[], at: number) {
  const { resultsAt, ratedAt } = publicationOf(seed, event);
  const finishers = at < resultsAt ? [] : finishersOf(seed, event, roster);
  const allHavePosition = draw(seed, 'positions of all', event.id) < 0.2;
  const results = finishers.map((finisher, index) => {
    const { riderId, name, pen, time, finished } = finisher;
    const ahead = finishers.slice(0, index).filter((other) => other.pen === pen);
    return {
      riderId,
      name: withEntities(name),
      category: event.pens[pen] ?? '',
      time,
      gap: finished ? rounded(Math.max(0, time - (ahead[0]?.time ?? time)), 2) : null,
      ...(finished && !allHavePosition ? {} : { position: index + 1 }),
      positionInCategory: ahead.length + 1,
      ...ratingsOf(finisher, at >= ratedAt),
    };
  });
  return {
    eventId: String(event.id),
    time: toSeconds(event.start),
    routeId: String(event.routeId),
    distance:
      draw(seed, 'results in metres', event.id) < 0.2 ? event.distance : rounded(event.distance / 1000, 2),
    title: event.title,
    type: event.type,
    subType: event.subType,
    results,
  };
}

/** The results in ZwiftPower's format: a bare array with other field names, numbers as text and values in pairs. */
export function zwiftPowerResultsOf(
  seed: number,
  membership: ClubMembership,
  event: PlannedEvent,
  roster: readonly SignupEntry[],
  at: number,
) {
  if (at < publicationOf(seed, event).resultsAt) return [];
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
