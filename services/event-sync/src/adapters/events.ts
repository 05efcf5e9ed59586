import { type Database, isOurs, tables } from '@paceline/shared/database';
import {
  type Doubt,
  fromInserted,
  presenceOf,
  settleDoubt,
  type Transaction,
  upsert,
} from '@paceline/shared/sync';
import { type EventsResponse, riderIdsOf, type SignupsResponse } from '@paceline/shared/zwiftracing';
import { and, eq, gt, isNull, lt, lte, max, notInArray, sql } from 'drizzle-orm';
import type { Horizon } from '../core/classes.ts';
import type { TitledCandidate, MeasuredEvent } from '../core/freshness.ts';

const { events, signups, signupCopies } = tables;

/** Columns that the event list does not update. */
const keptColumns = [
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

/** Project ms; null without a copy of the list. */
export async function listFetchedAt(db: Database): Promise<number | null> {
  const [row] = await db.select({ at: max(events.fetchedAt) }).from(events);
  return row?.at ?? null;
}

/**
 * Stores the event list (distinct ids). Future events that are no longer in it are marked as delisted, unless an entry
 * has no readable id. @returns the doubt about a list that lacks most of the stored events, none of which it delists
 */
export async function storeEvents(
  db: Database,
  { events: items, skipped }: EventsResponse,
  fetchedAt: number,
): Promise<Doubt | undefined> {
  return db.transaction(async (tx) => {
    const isListed = and(gt(events.startsAt, fetchedAt), isNull(events.delistedAt));
    const known = await tx.select({ eventId: events.eventId }).from(events).where(isListed);
    const unreadable = skipped.flatMap(({ id }) => id ?? []);
    const listed = [...items.map(({ event }) => event.eventId), ...unreadable];
    if (items.length > 0)
      await tx
        .insert(events)
        .values(items.map(({ event, raw }) => ({ ...event, raw, firstSeenAt: fetchedAt, fetchedAt })))
        .onConflictDoUpdate({ target: events.eventId, set: fromInserted(events, keptColumns) });
    if (unreadable.length < skipped.length) return undefined;
    const ids = known.map(({ eventId }) => eventId);
    const { missingSince, doubt } = await settleDoubt(
      tx,
      'events:upcoming',
      presenceOf(ids, listed),
      fetchedAt,
    );
    if (missingSince !== undefined)
      await tx
        .update(events)
        .set({ delistedAt: fetchedAt })
        .where(and(isListed, lt(events.fetchedAt, missingSince), notInArray(events.eventId, unreadable)));
    return doubt;
  });
}

/** Whether one of our riders is signed up for an event, according to our copy. */
export const hasOurs = (db: Database) => {
  const ours = db
    .select({ one: sql`1` })
    .from(signups)
    .where(and(eq(signups.eventId, events.eventId), isNull(signups.withdrawnAt), isOurs(signups.riderId)));
  return sql<boolean>`exists ${ours}`;
};

/** Listed events that start within a horizon. */
export const findCandidates = (db: Database, { after, until }: Horizon): Promise<TitledCandidate[]> =>
  db
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

/**
 * Stores the signups of an event. Absent riders count as withdrawn, unless an entry has no readable id.
 * @returns the doubt about a response that lacks most of them; no rider is withdrawn then, and the copy keeps its age
 */
export async function storeSignups(
  tx: Transaction,
  eventId: string,
  answer: SignupsResponse,
  fetchedAt: number,
): Promise<Doubt | undefined> {
  const seen = { eventId, firstSeenAt: fetchedAt, lastSeenAt: fetchedAt, withdrawnAt: null };
  const isCurrent = and(eq(signups.eventId, eventId), isNull(signups.withdrawnAt));
  const known = await tx.select({ riderId: signups.riderId }).from(signups).where(isCurrent);
  const rows = answer.signups.map(({ signup, raw }) => ({ ...signup, raw, ...seen }));
  await upsert(tx, signups, ['eventId', 'riderId'], rows);
  const unreadable = riderIdsOf(answer.skipped);
  if (unreadable.length === answer.skipped.length) {
    const present = [...rows.map(({ riderId }) => riderId), ...unreadable];
    const ids = known.map(({ riderId }) => riderId);
    const presence = presenceOf(ids, present);
    const { missingSince, doubt } = await settleDoubt(tx, `signups:${eventId}`, presence, fetchedAt);
    if (missingSince === undefined) return doubt;
    await tx
      .update(signups)
      .set({ withdrawnAt: fetchedAt })
      .where(and(isCurrent, lt(signups.lastSeenAt, missingSince), notInArray(signups.riderId, present)));
  }
  await tx.insert(signupCopies).values({ eventId, copiedAt: fetchedAt }).onConflictDoNothing();
  await tx
    .update(events)
    .set({ signupsFetchedAt: fetchedAt, signupsListedThen: sql`${events.listedSignups}` })
    .where(eq(events.eventId, eventId));
  return undefined;
}

const copiesSince = (since: number) => sql<number[]>`(
  select coalesce(json_agg((date_part('epoch', copied_at) * 1000)::bigint order by copied_at), '[]')
  from ${signupCopies}
  where ${signupCopies}.event_id = ${events}.event_id and copied_at > ${new Date(since).toISOString()})`;

/** Events that start within a horizon, with the times of the copies of their signups since a time. */
export const findMeasured = (
  db: Database,
  { after, until }: Horizon,
  since: number,
): Promise<MeasuredEvent[]> =>
  db
    .select({
      startsAt: events.startsAt,
      listedAt: events.firstSeenAt,
      delistedAt: events.delistedAt,
      hasOurs: hasOurs(db),
      copiedAt: copiesSince(since),
    })
    .from(events)
    .where(and(gt(events.startsAt, after), lte(events.startsAt, until)));
