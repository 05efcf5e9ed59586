import { hash } from '../random.ts';
import { HOUR, MINUTE } from '../time.ts';
import { type Club, createMembership, defaultClubs, isRider } from './clubs.ts';
import type { PlannedEvent } from './events/event.ts';
import { listingOf } from './events/listing.ts';
import { resultsOf } from './events/results.ts';
import { type Entry, planRoster } from './events/roster.ts';
import { signupsOf } from './events/signups.ts';
import { createTimetable } from './events/timetable.ts';
import { zwiftPowerResultsOf } from './events/zwiftpower.ts';
import { riderAt } from './riders/rider.ts';

/** The most riders in a page of a club. */
export const PAGE_SIZE = 1000;

/** Everything upstream knows, as a function of seed and moment: two worlds of one seed always say the same. */
export type World = ReturnType<typeof createWorld>;

export function createWorld(seed: number, clubs: readonly Club[] = defaultClubs) {
  const membership = createMembership(seed, clubs);
  const timetable = createTimetable(seed);
  // Planning a roster takes longer than asking it, and every list asks all of them.
  const rosters = new WeakMap<PlannedEvent, readonly Entry[]>();

  const rosterOf = (event: PlannedEvent): readonly Entry[] => {
    const roster = rosters.get(event) ?? planRoster(seed, membership, event);
    rosters.set(event, roster);
    return roster;
  };
  const listed = (id: number, at: number): PlannedEvent | undefined => {
    const event = timetable.byId(id);
    return event && event.listedFrom <= at ? event : undefined;
  };
  const untilStart = (event: PlannedEvent, at: number) => Math.min(at, event.start);
  const shuffled = <Item>(items: readonly Item[], idOf: (item: Item) => number, salt: number): Item[] =>
    items
      .map((item) => [hash(seed, 'shuffle', idOf(item), salt), item] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, item]) => item);

  return {
    clubs,

    /** The rider with this id, `undefined` when nobody has it. */
    rider: (id: number, at: number) => (isRider(id) ? riderAt(seed, membership, id, at) : undefined),

    /** The riders with these ids, once each, in no order; ids nobody has are missing. */
    riders: (ids: readonly number[], at: number) =>
      shuffled([...new Set(ids)].filter(isRider), (id) => id, at).map((id) =>
        riderAt(seed, membership, id, at),
      ),

    /** Members from `fromRiderId` on, itself included, ascending. `undefined` for a club that can't be asked for. */
    clubPage(clubId: number, fromRiderId: number, at: number) {
      const club = clubs.find(({ id }) => id === clubId);
      const members = membership.membersOf(clubId) ?? [];
      const page = members.filter((id) => id >= fromRiderId).slice(0, PAGE_SIZE);
      return club && { clubId, name: club.name, riders: page.map((id) => riderAt(seed, membership, id, at)) };
    },

    /** All events of the next 168 hours that are announced and have not started, in no order. */
    upcoming: (at: number) =>
      shuffled(timetable.upcoming(at), ({ id }) => id, 0).map((event) =>
        listingOf(seed, event, rosterOf(event), at),
      ),

    event(id: number, at: number) {
      const event = listed(id, at);
      return event && listingOf(seed, event, rosterOf(event), untilStart(event, at));
    },

    signups(id: number, at: number) {
      const event = listed(id, at);
      return event && signupsOf(seed, membership, event, rosterOf(event), untilStart(event, at));
    },

    results(id: number, at: number) {
      const event = listed(id, at);
      return event && resultsOf(seed, event, rosterOf(event), at);
    },

    zwiftPowerResults(id: number, at: number) {
      const event = listed(id, at);
      return event && zwiftPowerResultsOf(seed, membership, event, rosterOf(event), at);
    },

    /** How many upcoming events start within an hour, within 48 hours, and in all. */
    census(at: number) {
      const starts = timetable.upcoming(at).map(({ start }) => start - at);
      const within = (ms: number) => starts.filter((lead) => lead <= ms).length;
      return { withinHour: within(60 * MINUTE), within48Hours: within(48 * HOUR), total: starts.length };
    },
  };
}
