import { hash } from '../random.ts';
import { HOUR, MINUTE } from '../time.ts';
import { type SandboxClub, createMembership, defaultClubs, isRider, riderAt } from './riders.ts';
import {
  countEntered,
  createTimetable,
  isEntered,
  listingOf,
  type PlannedEvent,
  planRoster,
  publicationOf,
  resultsCountOf,
  resultsOf,
  signupsOf,
  zwiftPowerResultsOf,
} from './events.ts';

export const PAGE_SIZE = 1000;

/** Computes a value once per event. */
function cachedPerEvent<Value extends object>(of: (event: PlannedEvent) => Value): typeof of {
  const cache = new WeakMap<PlannedEvent, Value>();
  return (event) => {
    const value = cache.get(event) ?? of(event);
    cache.set(event, value);
    return value;
  };
}

/** All of upstream's data as a pure function of seed and time. */
export type SandboxWorld = ReturnType<typeof createWorld>;

export function createWorld(seed: number, clubs: readonly SandboxClub[] = defaultClubs) {
  const membership = createMembership(seed, clubs);
  const timetable = createTimetable(seed);
  // Planning a roster is slow, and every list needs all of them.
  const rosterOf = cachedPerEvent((event) => planRoster(seed, membership, event));
  const countOf = cachedPerEvent((event) => countEntered(rosterOf(event)));
  /** Looks an event up by id; `undefined` until it is listed. */
  const lookUp =
    <Found>(of: (event: PlannedEvent, at: number) => Found) =>
    (id: number, at: number): Found | undefined => {
      const event = timetable.byId(id);
      return event && event.listedFrom <= at ? of(event, at) : undefined;
    };
  const pageOf = (ids: readonly number[], fromRiderId: number): readonly number[] =>
    ids.filter((id) => id >= fromRiderId).slice(0, PAGE_SIZE);
  const untilStart = (event: PlannedEvent, at: number) => Math.min(at, event.start);
  const shuffled = <Item>(items: readonly Item[], idOf: (item: Item) => number, salt: number): Item[] =>
    items
      .map((item) => [hash(seed, 'shuffle', idOf(item), salt), item] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, item]) => item);

  return {
    clubs,

    rider: (id: number, at: number) => (isRider(id) ? riderAt(seed, membership, id, at) : undefined),

    /** The riders with these ids, once each and unordered, without unknown ids. */
    riders: (ids: readonly number[], at: number) =>
      shuffled([...new Set(ids)].filter(isRider), (id) => id, at).map((id) =>
        riderAt(seed, membership, id, at),
      ),

    /** Members from `fromRiderId` on (inclusive), ascending. `undefined` for a club that isn't listed. */
    clubPage(clubId: number, fromRiderId: number, at: number) {
      const club = clubs.find(({ id }) => id === clubId);
      const ids = pageOf(membership.membersAt(clubId, at), fromRiderId);
      const riders = ids.map((id) => riderAt(seed, membership, id, at));
      return club && { clubId, name: club.name, riders };
    },

    /** The ids of a page of the members that a club started with; empty for a club that isn't listed. */
    idsOfPage: (clubId: number, fromRiderId: number) =>
      pageOf(membership.membersOf(clubId) ?? [], fromRiderId),

    /** All announced events of the next 168 hours, unordered. */
    upcoming: (at: number) =>
      shuffled(timetable.upcoming(at), ({ id }) => id, 0).map((event) =>
        listingOf(seed, event, rosterOf(event), at),
      ),

    /** The events of `upcoming` with type and signup counts only: ten times faster. */
    upcomingCounts: (at: number) =>
      timetable.upcoming(at).map((event) => ({
        id: event.id,
        start: event.start,
        type: event.type,
        signups: countOf(event)(at),
      })),

    /** The rider ids of `signups`, unordered. `undefined` for an event that is not listed. */
    signedUp: lookUp((event, at) => {
      const time = untilStart(event, at);
      return rosterOf(event).flatMap((entry) => (isEntered(entry, time) ? [entry.riderId] : []));
    }),

    /** Events that start in [from, until), with the time at which each is listed, even if that is in the future. */
    startingIn: (from: number, until: number) =>
      timetable.startingIn(from, until).map(({ id, start, listedFrom }) => ({ id, start, listedFrom })),

    /** When the results of an event appear and are rated; `ratedAt` is Infinity for other events than races. */
    publication: lookUp((event) => publicationOf(seed, event)),

    event: lookUp((event, at) => listingOf(seed, event, rosterOf(event), untilStart(event, at))),

    signups: lookUp((event, at) =>
      signupsOf(seed, membership, event, rosterOf(event), untilStart(event, at)),
    ),

    results: lookUp((event, at) => resultsOf(seed, event, rosterOf(event), at)),

    /** The number of `results`, and whether they are rated: a hundred times faster. */
    resultsCount: lookUp((event, at) => resultsCountOf(seed, event, rosterOf(event), at)),

    zwiftPowerResults: lookUp((event, at) =>
      zwiftPowerResultsOf(seed, membership, event, rosterOf(event), at),
    ),

    /** The number of upcoming events that start within an hour, within 48 hours, and in total. */
    census(at: number) {
      const starts = timetable.upcoming(at).map(({ start }) => start - at);
      const within = (ms: number) => starts.filter((lead) => lead <= ms).length;
      return { withinHour: within(60 * MINUTE), within48Hours: within(48 * HOUR), total: starts.length };
    },
  };
}
