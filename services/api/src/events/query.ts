import { type Database, isOurs, ourRiders, tables } from '@paceline/shared/database';
import { eq, sql } from 'drizzle-orm';
import { columnsExcept } from '../http/params.ts';
import { nested, ourClub } from '../ours.ts';
import type { PenRow } from './view.ts';

const { events, results, riders, signups } = tables;

/** The columns of a listed event. */
export const listed = columnsExcept(events, 'raw', 'firstSeenAt', 'signupsListedThen');

export async function findEvent(db: Database, eventId: string) {
  const [event] = await db
    .select({ ...listed, raw: events.raw })
    .from(events)
    .where(eq(events.eventId, eventId));
  return event;
}

/** Whether one of our riders is signed up for an event. */
export const hasOurs = sql`exists (
  select from ${signups}
  where ${signups.eventId} = ${events.eventId} and ${signups.withdrawnAt} is null and ${isOurs(signups.riderId)})`;

export async function countPens(db: Database, eventId: string): Promise<PenRow[]> {
  const { rows } = await db.execute<PenRow & Record<string, unknown>>(sql`
    select pen,
      (count(*) - count(withdrawn_at))::integer as current,
      count(withdrawn_at)::integer as withdrawn,
      (count(*) filter (where withdrawn_at is null and rider_id in (${ourRiders})))::integer as ours,
      round((avg(rating) filter (where withdrawn_at is null))::numeric, 2)::float8 as "avgRating"
    from ${signups} where event_id = ${eventId}
    group by pen order by pen`);
  return rows;
}

const { riderId, name, pen, rating, firstSeenAt, lastSeenAt, withdrawnAt } = signups;
export const signupColumns = {
  riderId,
  name,
  pen,
  rating,
  firstSeenAt,
  lastSeenAt,
  withdrawnAt,
  ourClub: ourClub(riderId),
  otherClub: nested<unknown>(sql`${signups.raw} -> 'club'`),
};

/** A result does not name the club, a rider does. */
export const resultColumns = {
  ...columnsExcept(results, 'eventId', 'raw'),
  ourClub: ourClub(results.riderId),
  otherClub: nested<unknown>(sql`(
    select json_build_object('id', club_id, 'name', club_name) from ${riders}
    where rider_id = ${results.riderId})`),
};
