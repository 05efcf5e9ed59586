import { type Database, isOurs, ourRiders, tables } from '@paceline/shared/database';
import { eq, sql } from 'drizzle-orm';
import { columnsExcept } from '../http/params.ts';
import { nested, ourClub } from '../ours.ts';
import type { PenRow, SignupCounts } from './view.ts';

const { events, results, riders, signups } = tables;
const dayMs = 86_400_000;

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

const none: SignupCounts = { current: 0, withdrawn: 0, ours: 0, joinedLately: 0, withdrawnLately: 0 };

type EventId = Readonly<{ eventId: string }>;

/**
 * Counts the signups of each event by the copy that they were first in: those of the first copy joined at an unknown time,
 * so not lately.
 */
export async function countSignups(
  db: Database,
  ofEvents: readonly EventId[],
  now: number,
): Promise<(event: EventId) => SignupCounts> {
  const ids = sql.param(ofEvents.map(({ eventId }) => eventId));
  const since = sql`${new Date(now - dayMs).toISOString()}::timestamptz`;
  const { rows } = await db.execute<EventId & Record<keyof SignupCounts, number>>(sql`
    with ours as materialized (${ourRiders}),
    copies as (
      select event_id, first_seen_at,
        count(*) - count(withdrawn_at) as current,
        count(withdrawn_at) as withdrawn,
        count(ours.rider_id) filter (where withdrawn_at is null) as ours,
        count(*) filter (where withdrawn_at > ${since}) as withdrawn_lately,
        count(*) as joined
      from ${signups} left join ours using (rider_id)
      where event_id = any(${ids}::text[])
      group by event_id, first_seen_at)
    select event_id as "eventId",
      sum(current)::integer as current,
      sum(withdrawn)::integer as withdrawn,
      sum(ours)::integer as ours,
      sum(withdrawn_lately)::integer as "withdrawnLately",
      coalesce(sum(joined) filter (where first_seen_at > greatest(first_copy, ${since})), 0)::integer as "joinedLately"
    from (select *, min(first_seen_at) over (partition by event_id) as first_copy from copies) as copy
    group by event_id`);
  const byEvent = new Map(rows.map(({ eventId, ...counts }) => [eventId, counts]));
  return ({ eventId }) => byEvent.get(eventId) ?? none;
}

export async function countPens(db: Database, eventId: string): Promise<PenRow[]> {
  const { rows } = await db.execute<PenRow & Record<string, unknown>>(sql`
    select pen,
      (count(*) - count(withdrawn_at))::integer as current,
      count(withdrawn_at)::integer as withdrawn,
      count(ours.rider_id) filter (where withdrawn_at is null)::integer as ours,
      round((avg(rating) filter (where withdrawn_at is null))::numeric, 2)::float8 as "avgRating"
    from ${signups} left join (${ourRiders}) as ours using (rider_id) where event_id = ${eventId}
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
