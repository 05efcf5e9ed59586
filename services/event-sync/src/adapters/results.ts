import { type Database, tables } from '@paceline/shared/database';
import {
  type Doubt,
  presenceOf,
  settleDoubt,
  skippedText,
  type Transaction,
  upsert,
} from '@paceline/shared/sync';
import { type EventResults, riderIdsOf } from '@paceline/shared/zwiftracing';
import { and, eq, gt, isNull, lt, lte, notInArray, or, sql } from 'drizzle-orm';
import type { Horizon } from '../core/classes.ts';
import { type EndedEvent, giveUpReasons, stateOf } from '../core/results.ts';
import { hasOurs } from './events.ts';

const { events, results } = tables;

/** Events that started within a horizon, without cancelled ones. */
export const findEndedEvents = (db: Database, { after, until }: Horizon): Promise<EndedEvent[]> =>
  db
    .select({
      eventId: events.eventId,
      startsAt: events.startsAt,
      type: events.type,
      resultsState: events.resultsState,
      resultsTriedAt: events.resultsTriedAt,
      hasOurs: hasOurs(db),
    })
    .from(events)
    .where(and(gt(events.startsAt, after), lte(events.startsAt, until), isNull(events.delistedAt)));

/**
 * Stores the results of an event. Absent riders count as removed, unless an entry has no readable id.
 * @returns the doubt about a response that lacks most of them; no rider is removed then, and their state stays
 */
export async function storeResults(
  tx: Transaction,
  eventId: string,
  { results: items, skipped }: Pick<EventResults, 'results' | 'skipped'>,
  fetchedAt: number,
): Promise<Doubt | undefined> {
  const seen = { eventId, firstSeenAt: fetchedAt, lastSeenAt: fetchedAt, removedAt: null };
  const isCurrent = and(eq(results.eventId, eventId), isNull(results.removedAt));
  const known = await tx.select({ riderId: results.riderId }).from(results).where(isCurrent);
  const rows = items.map(({ result, raw }) => ({ ...result, raw, ...seen }));
  await upsert(tx, results, ['eventId', 'riderId'], rows);
  const unreadable = riderIdsOf(skipped);
  if (unreadable.length === skipped.length) {
    const present = [...rows.map(({ riderId }) => riderId), ...unreadable];
    const ids = known.map(({ riderId }) => riderId);
    const presence = presenceOf(ids, present);
    const { missingSince, doubt } = await settleDoubt(tx, `results:${eventId}`, presence, fetchedAt);
    if (doubt) await storeFailedTry(tx, eventId, doubt.text, fetchedAt);
    if (missingSince === undefined) return doubt;
    await tx
      .update(results)
      .set({ removedAt: fetchedAt })
      .where(and(isCurrent, lt(results.lastSeenAt, missingSince), notInArray(results.riderId, present)));
  }
  await tx
    .update(events)
    .set({
      resultsState: stateOf(rows, skipped.length),
      resultsReason: skipped.length > 0 ? skippedText(skipped) : null,
      resultsFetchedAt: fetchedAt,
      ...triedAt(fetchedAt),
    })
    .where(eq(events.eventId, eventId));
  return undefined;
}

/** Stores a failed call with its reason; keeps earlier results. */
export async function storeFailedTry(
  tx: Transaction,
  eventId: string,
  reason: string,
  calledAt: number,
): Promise<void> {
  await tx
    .update(events)
    .set({
      resultsState: sql`coalesce(${events.resultsState}, 'none_yet')`,
      resultsReason: reason,
      ...triedAt(calledAt),
    })
    .where(eq(events.eventId, eventId));
}

const triedAt = (at: number) => ({ resultsTriedAt: at, resultsTries: sql`${events.resultsTries} + 1` });

/** Gives up on missing results of events that started by `startedUntil`. */
export async function giveUpResults(db: Database, startedUntil: number): Promise<void> {
  const { never, none_yet: none, unrated } = giveUpReasons;
  const state = events.resultsState;
  await db
    .update(events)
    .set({
      resultsState: 'given_up',
      resultsReason: sql`case when ${state} is null then ${never} when ${state} = 'none_yet' then ${none} else ${unrated} end`,
    })
    .where(
      and(
        lte(events.startsAt, startedUntil),
        isNull(events.delistedAt),
        or(
          isNull(state),
          eq(state, 'none_yet'),
          and(eq(state, 'unrated'), or(isNull(events.type), eq(events.type, 'Race'))),
        ),
      ),
    );
}
