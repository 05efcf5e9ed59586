import type { Candidate, Horizon } from '@paceline/event-sync/core/classes';
import type { World } from '@paceline/sandbox';

interface EventRow extends Omit<Candidate, 'hasOurs'> {
  listedSignups: number;
  signupsFetchedAt: number | null;
  signupsListedThen: number | null;
  riders: readonly number[];
  /** Whether one of our riders is in it, and by which count of members that was found. */
  ours: { is: boolean; members: number };
}

/**
 * What Postgres holds, as far as decisions depend on it. Moments are project ms. Long: small functions over the same maps.
 * @param copied called with every copy of an event's signups
 */
export function createStore(world: World, copied: (eventId: string, at: number) => void) {
  const events = new Map<string, EventRow>();
  const members = new Set<number>();
  /** When each was fetched, and when it was last on a call. */
  const riders = new Map<number, { fetchedAt: number; takenAt: number }>();
  let newest: { at: number; events: readonly EventRow[] } | undefined;

  function rowOf(eventId: string, startsAt: number): EventRow {
    const known = events.get(eventId);
    if (known) return known;
    const row: EventRow = {
      eventId,
      startsAt,
      listedSignups: 0,
      signupsFetchedAt: null,
      signupsListedThen: null,
      riders: [],
      ours: { is: false, members: -1 },
    };
    events.set(eventId, row);
    return row;
  }

  function storeRider(riderId: number, now: number): void {
    riders.set(riderId, { fetchedAt: now, takenAt: riders.get(riderId)?.takenAt ?? 0 });
  }

  function hasOurs(row: EventRow): boolean {
    if (row.ours.members !== members.size)
      row.ours = { is: row.riders.some((id) => members.has(id)), members: members.size };
    return row.ours.is;
  }

  return {
    /** When our copy of the list was made; null: there is none. */
    listFetchedAt: () => newest?.at ?? null,
    /** Takes the list in as it was when the call arrived. */
    storeList(arrivedAt: number, now: number): void {
      const listed = world.upcomingCounts(arrivedAt).map(({ id, start, signups }) => {
        const row = rowOf(String(id), start);
        row.listedSignups = signups;
        return row;
      });
      newest = { at: now, events: listed };
      for (const { eventId, startsAt } of events.values()) if (startsAt < now) events.delete(eventId);
    },
    /** Events that the newest list holds and that start within a horizon. */
    candidates: ({ after, until }: Horizon): Candidate[] =>
      (newest?.events ?? [])
        .filter(({ startsAt }) => startsAt > after && startsAt <= until)
        .map((row) => ({ ...row, hasOurs: hasOurs(row) })),
    /** Takes the signups in as they were when the call arrived; returns how many. */
    storeSignups(eventId: string, arrivedAt: number, now: number): number {
      const signedUp = world.signedUp(Number(eventId), arrivedAt) ?? [];
      const row = events.get(eventId);
      if (row) {
        row.riders = signedUp;
        row.signupsFetchedAt = now;
        row.signupsListedThen = row.listedSignups;
        row.ours.members = -1;
      }
      copied(eventId, now);
      return signedUp.length;
    },
    /** Takes a page of a club in. Returns the ids that it held. */
    storePage(clubId: number, from: number | null, now: number): readonly number[] {
      const ids = world.idsOfPage(clubId, from ?? 0);
      for (const id of ids) {
        members.add(id);
        storeRider(id, now);
      }
      return ids;
    },
    storeRider,
    isStoredSince: (riderId: number, since: number) => (riders.get(riderId)?.fetchedAt ?? -1) >= since,
    /** Riders in none of our clubs who were neither fetched nor taken along since then, the oldest first. */
    outsiders: (staleBefore: number): number[] =>
      [...riders]
        .filter(([id, at]) => !members.has(id) && lastSeen(at) < staleBefore)
        .toSorted(([id, a], [other, b]) => lastSeen(a) - lastSeen(b) || id - other)
        .map(([id]) => id),
    /** They are on a call. */
    takeAlong(riderIds: readonly number[], now: number): void {
      for (const id of riderIds) {
        const known = riders.get(id);
        if (known) known.takenAt = now;
      }
    },
  };
}

const lastSeen = ({ fetchedAt, takenAt }: { fetchedAt: number; takenAt: number }): number =>
  Math.max(fetchedAt, takenAt);
