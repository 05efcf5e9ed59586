import { hash } from '../random.ts';
import { HOUR, MINUTE } from '../time.ts';
import { type Club, createMembership, defaultClubs, isRider, riderAt } from './riders.ts';
import {
  countEntered,
  createTimetable,
  isEntered,
  listingOf,
  type PlannedEvent,
  planRoster,
  resultsOf,
  signupsOf,
  zwiftPowerResultsOf,
} from './events.ts';

export const PAGE_SIZE = 1000;

/** The same for as long as the event is, worked out once. */
function remembered<Value extends object>(of: (event: PlannedEvent) => Value): typeof of {
  const known = new WeakMap<PlannedEvent, Value>();
  return (event) => {
    const value = known.get(event) ?? of(event);
    known.set(event, value);
    return value;
  };
}

/** Everything upstream knows, as a function of seed and moment: two worlds of one seed always say the same. */
export type World = ReturnType<typeof createWorld>;

/** Long, because every question has its entry. */
export function createWorld(seed: number, clubs: readonly Club[] = defaultClubs) {
  const membership = createMembership(seed, clubs);
  const timetable = createTimetable(seed);
  // Planning a roster takes longer than asking it, and every list asks all of them.
  const rosterOf = remembered((event) => planRoster(seed, membership, event));
  const countOf = remembered((event) => countEntered(rosterOf(event)));
  /** Answers about the event of an id; `undefined` until it is listed. */
  const look =
    <Found>(of: (event: PlannedEvent, at: number) => Found) =>
    (id: number, at: number): Found | undefined => {
      const event = timetable.byId(id);
      return event && event.listedFrom <= at ? of(event, at) : undefined;
    };
  const idsOfPage = (clubId: number, fromRiderId: number): readonly number[] =>
    (membership.membersOf(clubId) ?? []).filter((id) => id >= fromRiderId).slice(0, PAGE_SIZE);
  const untilStart = (event: PlannedEvent, at: number) => Math.min(at, event.start);
  const shuffled = <Item>(items: readonly Item[], idOf: (item: Item) => number, salt: number): Item[] =>
    items
      .map((item) => [hash(seed, 'shuffle', idOf(item), salt), item] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, item]) => item);

  return {
    clubs,

    rider: (id: number, at: number) => (isRider(id) ? riderAt(seed, membership, id, at) : undefined),

    /** The riders with these ids, once each, in no order; ids nobody has are missing. */
    riders: (ids: readonly number[], at: number) =>
      shuffled([...new Set(ids)].filter(isRider), (id) => id, at).map((id) =>
        riderAt(seed, membership, id, at),
      ),

    /** Members from `fromRiderId` on, itself included, ascending. `undefined` for a club that can't be asked for. */
    clubPage(clubId: number, fromRiderId: number, at: number) {
      const club = clubs.find(({ id }) => id === clubId);
      const riders = idsOfPage(clubId, fromRiderId).map((id) => riderAt(seed, membership, id, at));
      return club && { clubId, name: club.name, riders };
    },

    /** The ids of `clubPage`; none for a club that can't be asked for. */
    idsOfPage,

    /** All events of the next 168 hours that are announced and have not started, in no order. */
    upcoming: (at: number) =>
      shuffled(timetable.upcoming(at), ({ id }) => id, 0).map((event) =>
        listingOf(seed, event, rosterOf(event), at),
      ),

    /** The list of `upcoming` in numbers only, for who needs no more of it: takes a tenth of the time. */
    upcomingCounts: (at: number) =>
      timetable.upcoming(at).map((event) => ({
        id: event.id,
        start: event.start,
        signups: countOf(event)(at),
      })),

    /** The ids of who is in `signups`, in no order. `undefined` for an event that is not listed. */
    signedUp: look((event, at) => {
      const moment = untilStart(event, at);
      return rosterOf(event).flatMap((entry) => (isEntered(entry, moment) ? [entry.riderId] : []));
    }),

    /** What starts in [from, until), and when each was or will be listed, whether that is known yet or not. */
    startingIn: (from: number, until: number) =>
      timetable.startingIn(from, until).map(({ id, start, listedFrom }) => ({ id, start, listedFrom })),

    event: look((event, at) => listingOf(seed, event, rosterOf(event), untilStart(event, at))),

    signups: look((event, at) => signupsOf(seed, membership, event, rosterOf(event), untilStart(event, at))),

    results: look((event, at) => resultsOf(seed, event, rosterOf(event), at)),

    zwiftPowerResults: look((event, at) => zwiftPowerResultsOf(seed, membership, event, rosterOf(event), at)),

    /** How many upcoming events start within an hour, within 48 hours, and in all. */
    census(at: number) {
      const starts = timetable.upcoming(at).map(({ start }) => start - at);
      const within = (ms: number) => starts.filter((lead) => lead <= ms).length;
      return { withinHour: within(60 * MINUTE), within48Hours: within(48 * HOUR), total: starts.length };
    },
  };
}
