import { type Database, tables } from '@paceline/shared/database';
import { count, eq, gte, inArray, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { columnsBut, defineList, keyId, keyMoment, keyText, type PageOf, rowsOf } from '../http/params.ts';
import type { EventRow, ResultRow, ResultsStatusRow, SignupCounts, SignupRow } from './view.ts';

const { events, results, signups } = tables;

const { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt } = events;
/** The columns of an event that say how far its results are. */
const resultsStatus = { resultsState, resultsReason, resultsTries, resultsTriedAt, resultsFetchedAt };
const listed = columnsBut(events, 'raw', 'firstSeenAt', 'delistedAt', 'signupsListedThen');

export const eventList = defineList('events', 'asc', { startsAt: events.startsAt, eventId: events.eventId }, [
  keyMoment,
  keyText,
]);

/** @param startsFrom project ms; undefined: from the first one on */
export async function listEvents(
  db: Database,
  startsFrom: number | undefined,
  page: PageOf<typeof eventList>,
): Promise<EventRow[]> {
  const from = startsFrom === undefined ? undefined : gte(events.startsAt, startsFrom);
  const rows = await rowsOf(db.select(listed).from(events).$dynamic(), eventList, page, from);
  const ids = rows.map(({ eventId }) => eventId);
  const counts = await countSignups(db, ids);
  return rows.map((row) => ({ ...row, counts: counts(row.eventId) }));
}

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

/** How far the results of an event are; undefined: the event is not stored. */
export async function findResultsStatus(
  db: Database,
  eventId: string,
): Promise<ResultsStatusRow | undefined> {
  const [status] = await db.select(resultsStatus).from(events).where(eq(events.eventId, eventId));
  return status;
}

export const signupList = defineList('signups', 'asc', { pen: signups.pen, riderId: signups.riderId }, [
  keyText,
  keyId,
]);

export function listSignups(
  db: Database,
  eventId: string,
  page: PageOf<typeof signupList>,
): Promise<SignupRow[]> {
  const { riderId, name, pen, rating, firstSeenAt, lastSeenAt, withdrawnAt } = signups;
  const query = db.select({ riderId, name, pen, rating, firstSeenAt, lastSeenAt, withdrawnAt }).from(signups);
  return rowsOf(query.$dynamic(), signupList, page, eq(signups.eventId, eventId));
}

const resultColumns = columnsBut(results, 'eventId', 'raw');
/** Riders who did not finish come after all who did. */
const behindAll = 2_147_483_647;

/** Pen by pen as they finished. */
export const resultList = defineList(
  'results',
  'asc',
  { pen: results.pen, positionInPen: results.positionInPen, riderId: results.riderId },
  [z.string().max(200), z.int().min(0).max(behindAll), keyId],
  { pen: '', positionInPen: behindAll },
);

export const listResults = (
  db: Database,
  eventId: string,
  page: PageOf<typeof resultList>,
): Promise<ResultRow[]> =>
  rowsOf(db.select(resultColumns).from(results).$dynamic(), resultList, page, eq(results.eventId, eventId));
