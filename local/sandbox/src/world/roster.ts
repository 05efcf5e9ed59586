import { between, draw, pick, sequence } from '../random.ts';
import { HOUR, MINUTE, toSeconds } from '../time.ts';
import { type Membership, riderIdAt } from './clubs.ts';
import { skillOf } from './form.ts';
import { withEntities } from './names.ts';
import { signupAt } from './rider.ts';
import type { PlannedEvent } from './timetable.ts';

/** One rider's signup for one event: there from `joinedAt` until `leftAt` (project ms; for ever if never withdrawn). */
export interface Entry {
  readonly riderId: number;
  /** Index into the event's pens. */
  readonly pen: number;
  readonly joinedAt: number;
  readonly leftAt: number;
}

/** Riders outside the served clubs who sign up at all: the same faces come back. */
const REGULARS = 40_000;

/** Whether an entry stands at `at`. After the start the field is what it was at the start. */
export const isEntered = ({ joinedAt, leftAt }: Entry, at: number): boolean => joinedAt <= at && at < leftAt;

/** How many entries of a roster stand at a moment: as `isEntered` for each, without going through all of them. */
export function countEntered(roster: readonly Entry[]): (at: number) => number {
  const joined = Float64Array.from(roster, ({ joinedAt }) => joinedAt).sort();
  const left = Float64Array.from(roster, ({ leftAt }) => leftAt).sort();
  return (at) => countUpTo(joined, at) - countUpTo(left, at);
}

/** How many of them are not later than `at`; they are in order. */
function countUpTo(moments: Float64Array, at: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How long before the start a rider signs up, in ms: some days ahead, most in the last hour, many in the last minutes. */
function joinLead(when: number, spread: number, listed: number): number {
  if (when < 0.25) return between(spread ** 2, HOUR, listed);
  if (when < 0.45) return between(spread, HOUR, 6 * HOUR);
  if (when < 0.65) return between(spread, 20 * MINUTE, HOUR);
  return between(spread, 5 * MINUTE, 22 * MINUTE);
}

/** One in seven withdraws, half of those in the last four minutes, when nobody joins any more. */
function leaveMoment(leaves: number, spread: number, joinedAt: number, start: number): number {
  if (leaves > 0.14) return Number.POSITIVE_INFINITY;
  const from = leaves < 0.07 ? joinedAt : Math.max(joinedAt, start - 4 * MINUTE);
  return Math.floor(between(spread, from + 1, start));
}

/** Everybody who ever signs up for an event; nobody twice. */
export function planRoster(seed: number, membership: Membership, event: PlannedEvent): readonly Entry[] {
  const next = sequence(seed, 'roster', event.id);
  const roster = new Map<number, Entry>();
  while (event.pens.length > 0 && roster.size < event.size) {
    const riderId = somebody(seed, membership, next);
    const noise = between(next(), -0.08, 0.08);
    const joinedAt = Math.floor(event.start - joinLead(next(), next(), event.start - event.listedFrom));
    const leftAt = leaveMoment(next(), next(), joinedAt, event.start);
    const pen = Math.floor((1 - skillOf(seed, riderId) + noise) * event.pens.length);
    roster.set(riderId, {
      riderId,
      pen: Math.max(0, Math.min(pen, event.pens.length - 1)),
      joinedAt,
      leftAt,
    });
  }
  return [...roster.values()];
}

/** Now and then a member of one of the served clubs, each club as often as the others; else a regular. */
function somebody(seed: number, { clubs, membersOf }: Membership, next: () => number): number {
  const isOurs = next() < 0.04;
  const members = clubs.length > 0 ? membersOf(pick(next(), clubs).id) : undefined;
  if (isOurs && members) return pick(next(), members);
  return riderIdAt(draw(seed, 'regular', Math.floor(next() * REGULARS)));
}

/** As the list has it at `at`. Ids and laps are strings, `categories` and `signups` parallel CSV, `distance` may be text. */
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

/** Who is signed up at `at` (project ms), pen by pen; who has withdrawn is merely not there. Names are escaped. */
export function signupsOf(
  seed: number,
  membership: Membership,
  event: PlannedEvent,
  roster: readonly Entry[],
  at: number,
) {
  return event.pens.map((name, pen) => {
    const riders = roster
      .filter((entry) => entry.pen === pen && isEntered(entry, at))
      .map(({ riderId }) => signupAt(seed, membership, riderId, at))
      .map((rider) => ({ ...rider, name: withEntities(rider.name) }));
    const ratings = riders.flatMap(({ race }) => race.rating ?? []);
    const sum = ratings.reduce((total, rating) => total + rating, 0);
    const avgRating = ratings.length > 0 ? Math.round((sum / ratings.length) * 100) / 100 : 0;
    return { name, avgRating, ratedRiders: ratings.length, riders };
  });
}
