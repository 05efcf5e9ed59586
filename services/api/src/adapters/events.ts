import { type Database, tables } from '@paceline/shared/database';
import { and, count, eq, gte, inArray, isNull, sql } from 'drizzle-orm';
import type { EventRow, SignupCounts, SignupRow } from '../core/event.ts';
import { resultsStanding } from './results.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { events, signups } = tables;
const byStart: Order = { columns: [events.startsAt, events.eventId], direction: 'asc' };
const byPen: Order = { columns: [signups.pen, signups.riderId], direction: 'asc' };

const listed = {
  eventId: events.eventId,
  title: events.title,
  startsAt: events.startsAt,
  type: events.type,
  subType: events.subType,
  routeId: events.routeId,
  distance: events.distance,
  listedSignups: events.listedSignups,
  fetchedAt: events.fetchedAt,
  signupsFetchedAt: events.signupsFetchedAt,
  ...resultsStanding,
};

/** Up to `limit` + 1 events by their start, from `startsFrom` (project ms) on when it is given. */
export async function listEvents(
  db: Database,
  startsFrom: number | undefined,
  { limit, after }: PageQuery<readonly [number, string]>,
): Promise<EventRow[]> {
  const rows = await db
    .select(listed)
    .from(events)
    .where(
      and(behind(byStart, after), startsFrom === undefined ? undefined : gte(events.startsAt, startsFrom)),
    )
    .orderBy(...ordered(byStart))
    .limit(limit + 1);
  const counts = await countSignups(
    db,
    rows.map(({ eventId }) => eventId),
  );
  return rows.map((row) => ({ ...row, counts: counts(row.eventId) }));
}

/** One event with upstream's own words. */
export async function findEvent(
  db: Database,
  eventId: string,
): Promise<(EventRow & { raw: unknown }) | undefined> {
  const [event] = await db
    .select({ ...listed, raw: events.raw })
    .from(events)
    .where(eq(events.eventId, eventId));
  if (!event) return undefined;
  const counts = await countSignups(db, [eventId]);
  return { ...event, counts: counts(eventId) };
}

export async function eventExists(db: Database, eventId: string): Promise<boolean> {
  const found = await db.select({ eventId: events.eventId }).from(events).where(eq(events.eventId, eventId));
  return found.length > 0;
}

/** Up to `limit` + 1 signups of an event, pen by pen, withdrawn ones among them. */
export const listSignups = (
  db: Database,
  eventId: string,
  { limit, after }: PageQuery<readonly [string, number]>,
): Promise<SignupRow[]> =>
  db
    .select({
      riderId: signups.riderId,
      name: signups.name,
      pen: signups.pen,
      rating: signups.rating,
      firstSeenAt: signups.firstSeenAt,
      lastSeenAt: signups.lastSeenAt,
      withdrawnAt: signups.withdrawnAt,
    })
    .from(signups)
    .where(and(eq(signups.eventId, eventId), behind(byPen, after)))
    .orderBy(...ordered(byPen))
    .limit(limit + 1);

async function countSignups(db: Database, eventIds: string[]): Promise<(eventId: string) => SignupCounts> {
  const counted = await db
    .select({
      eventId: signups.eventId,
      current: sql<number>`count(*) filter (where ${isNull(signups.withdrawnAt)})`.mapWith(Number),
      all: count(),
    })
    .from(signups)
    .where(inArray(signups.eventId, eventIds))
    .groupBy(signups.eventId);
  const byEvent = new Map(
    counted.map(({ eventId, current, all }) => [eventId, { current, withdrawn: all - current }]),
  );
  return (eventId) => byEvent.get(eventId) ?? { current: 0, withdrawn: 0 };
}
