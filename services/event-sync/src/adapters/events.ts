import { type Database, tables } from '@paceline/shared/database';
import { fromInserted } from '@paceline/shared/sync';
import type { EventItem } from '@paceline/shared/zwiftracing';
import { and, eq, gt, isNull, lt, lte, max, sql } from 'drizzle-orm';
import type { Titled } from '../core/report.ts';

const { events, signups, clubMemberships } = tables;

/** What the list says nothing of. */
const notOfTheList = [
  'eventId',
  'firstSeenAt',
  'signupsFetchedAt',
  'signupsListedThen',
  'resultsState',
  'resultsReason',
  'resultsTriedAt',
  'resultsTries',
  'resultsFetchedAt',
] as const;

/** Project ms; null: there is no copy of the list. */
export async function listFetchedAt(db: Database): Promise<number | null> {
  const [row] = await db.select({ at: max(events.fetchedAt) }).from(events);
  return row?.at ?? null;
}

/** Stores the list. The ids must differ. An event that it no longer holds, and that has not started, was taken off it. */
export async function storeEvents(
  db: Database,
  items: readonly EventItem[],
  fetchedAt: number,
): Promise<void> {
  if (items.length === 0) return;
  await db.transaction(async (tx) => {
    await tx
      .insert(events)
      .values(items.map(({ event, raw }) => ({ ...event, raw, firstSeenAt: fetchedAt, fetchedAt })))
      .onConflictDoUpdate({
        target: events.eventId,
        set: fromInserted(events, notOfTheList),
      });
    await tx
      .update(events)
      .set({ delistedAt: fetchedAt })
      .where(and(gt(events.startsAt, fetchedAt), lt(events.fetchedAt, fetchedAt), isNull(events.delistedAt)));
  });
}

/** Whether a member of one of our clubs is signed up for an event, as far as our copy knows. */
export const hasOurs = (db: Database) => {
  const ours = db
    .select({ one: sql`1` })
    .from(signups)
    .innerJoin(clubMemberships, eq(clubMemberships.riderId, signups.riderId))
    .where(
      and(eq(signups.eventId, events.eventId), sql`${signups.withdrawnAt} is null`, clubMemberships.current),
    );
  return sql<boolean>`exists ${ours}`;
};

/** Events that are listed and that start after `after`, until `until` (project ms). */
export async function findCandidates(
  db: Database,
  { after, until }: { after: number; until: number },
): Promise<Titled[]> {
  return db
    .select({
      eventId: events.eventId,
      title: events.title,
      startsAt: events.startsAt,
      listedSignups: events.listedSignups,
      signupsListedThen: events.signupsListedThen,
      signupsFetchedAt: events.signupsFetchedAt,
      hasOurs: hasOurs(db),
    })
    .from(events)
    .where(and(gt(events.startsAt, after), lte(events.startsAt, until), isNull(events.delistedAt)));
}
