import type { Candidate, Horizon } from '@paceline/event-sync/core/classes';
import { type EndedEvent, resultsHorizon, stateOf } from '@paceline/event-sync/core/results';
import type { SandboxWorld } from '@paceline/sandbox';

interface EventRow extends Omit<Candidate, 'hasOurs'>, Omit<EndedEvent, 'hasOurs'> {
  listedSignups: number;
  signupsFetchedAt: number | null;
  resultsState: EndedEvent['resultsState'];
  resultsTriedAt: number | null;
  signupsListedThen: number | null;
  riders: readonly number[];
  /** Whether one of our riders is signed up, cached per number of members. */
  ours: { signedUp: boolean; members: number };
}

/**
 * The part of Postgres that decisions depend on, in maps. Times are project ms.
 * @param onCopy called with every copy of an event's signups
 */
export function createStore(world: SandboxWorld, onCopy: (eventId: string, at: number) => void) {
  const events = new Map<number, EventRow>();
  const members = new Set<number>();
  /** When each was first stored, last fetched and last sent in a bulk call. */
  const riders = new Map<number, { firstAt: number; fetchedAt: number; sentAt: number }>();
  let newest: { at: number; events: readonly EventRow[] } | undefined;

  function rowOf(id: number, startsAt: number, type: string): EventRow {
    const known = events.get(id);
    if (known) return known;
    const row: EventRow = {
      eventId: String(id),
      startsAt,
      type,
      resultsState: null,
      resultsTriedAt: null,
      listedSignups: 0,
      signupsFetchedAt: null,
      signupsListedThen: null,
      riders: [],
      ours: { signedUp: false, members: -1 },
    };
    events.set(id, row);
    return row;
  }

  function storeRider(riderId: number, now: number): void {
    const known = riders.get(riderId);
    if (known) known.fetchedAt = now;
    else riders.set(riderId, { firstAt: now, fetchedAt: now, sentAt: 0 });
  }

  function hasOurs(row: EventRow): boolean {
    if (row.ours.members !== members.size)
      row.ours = { signedUp: row.riders.some((id) => members.has(id)), members: members.size };
    return row.ours.signedUp;
  }

  return {
    /** When the list was last fetched; null if never. */
    listFetchedAt: () => newest?.at ?? null,
    /** Stores the list as of the call's arrival. */
    storeList(arrivedAt: number, now: number): void {
      const listed = world.upcomingCounts(arrivedAt).map(({ id, start, type, signups }) => {
        const row = rowOf(id, start, type);
        row.listedSignups = signups;
        return row;
      });
      newest = { at: now, events: listed };
      const { after } = resultsHorizon(now);
      for (const [id, { startsAt }] of events) if (startsAt < after) events.delete(id);
    },
    /** Events on the newest list that start within a horizon. */
    candidates({ after, until }: Horizon): Candidate[] {
      const found: Candidate[] = [];
      for (const row of newest?.events ?? [])
        if (row.startsAt > after && row.startsAt <= until) found.push({ ...row, hasOurs: hasOurs(row) });
      return found;
    },
    /** Stores the signups as of the call's arrival. @returns their number */
    storeSignups(eventId: string, arrivedAt: number, now: number): number {
      const signedUp = world.signedUp(Number(eventId), arrivedAt) ?? [];
      const row = events.get(Number(eventId));
      if (row) {
        row.riders = signedUp;
        row.signupsFetchedAt = now;
        row.signupsListedThen = row.listedSignups;
        row.ours.members = -1;
      }
      onCopy(eventId, now);
      return signedUp.length;
    },
    /** Events that started within a horizon. */
    endedEvents: ({ after, until }: Horizon): EndedEvent[] =>
      [...events.values()]
        .filter(({ startsAt }) => startsAt > after && startsAt <= until)
        .map((row) => ({ ...row, hasOurs: hasOurs(row) })),
    /** Stores the results as of the call's arrival. @returns their number, and whether they are rated */
    storeResults(eventId: string, arrivedAt: number, now: number): { count: number; isRated: boolean } {
      const found = world.resultsCount(Number(eventId), arrivedAt) ?? { count: 0, isRated: false };
      const ratingDelta = found.isRated ? 0 : null;
      const row = events.get(Number(eventId));
      if (row) {
        row.resultsState = stateOf(
          Array.from({ length: found.count }, () => ({ ratingDelta })),
          0,
        );
        row.resultsTriedAt = now;
      }
      return found;
    },
    /** A call for the results has failed. */
    storeFailedTry(eventId: string, now: number): void {
      const row = events.get(Number(eventId));
      if (!row) return;
      row.resultsState ??= 'none_yet';
      row.resultsTriedAt = now;
    },
    /** Stores a page of a club. @returns its rider ids */
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
    /** Riders outside our clubs neither fetched nor sent since `staleBefore`, oldest first. */
    outsiders: (staleBefore: number): number[] =>
      [...riders]
        .filter(([id, at]) => !members.has(id) && lastSeen(at) < staleBefore)
        .toSorted(([id, a], [other, b]) => lastSeen(a) - lastSeen(b) || id - other)
        .map(([id]) => id),
    /** The riders are in a bulk call; `undefined`: it was not made. */
    markSent(riderIds: readonly number[], at: number | undefined): void {
      for (const id of riderIds) {
        const known = riders.get(id);
        if (known) known.sentAt = at ?? 0;
      }
    },
    /** Of the riders outside our clubs that were stored by `since`, how many were fetched again. */
    outsidersRefreshed(since: number): { known: number; refreshed: number } {
      const known = [...riders].filter(([id, { firstAt }]) => firstAt < since && !members.has(id));
      const refreshed = known.filter(([, { fetchedAt }]) => fetchedAt >= since);
      return { known: known.length, refreshed: refreshed.length };
    },
  };
}

const lastSeen = ({ fetchedAt, sentAt }: { fetchedAt: number; sentAt: number }): number =>
  Math.max(fetchedAt, sentAt);
