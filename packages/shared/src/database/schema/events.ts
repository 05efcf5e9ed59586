import { doublePrecision, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { ResultsState } from '../../contracts/index.ts';
import { timestamp } from './columns.ts';

/** Events as last seen in the event list. */
export const events = pgTable(
  'events',
  {
    /** Upstream's ids are strings. */
    eventId: text('event_id').primaryKey(),
    title: text('title').notNull(),
    startsAt: timestamp('starts_at').notNull(),
    type: text('type'),
    subType: text('sub_type'),
    routeId: text('route_id'),
    distance: doublePrecision('distance'),
    /** Number of signups in the event list, over all pens. */
    listedSignups: integer('listed_signups').notNull().default(0),
    raw: jsonb('raw').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    fetchedAt: timestamp('fetched_at').notNull(),
    /** When the event disappeared from the list before its start; null: listed, or started. */
    delistedAt: timestamp('delisted_at'),
    /** When the signups were last fetched; null: never. */
    signupsFetchedAt: timestamp('signups_fetched_at'),
    /** `listedSignups` when the signups were last fetched; a change since then raises the event's priority. */
    signupsListedThen: integer('signups_listed_then'),
    /** null: results were never requested. */
    resultsState: text('results_state').$type<ResultsState>(),
    /** The reason for the state, if there is one. */
    resultsReason: text('results_reason'),
    /** When they were last requested, with any outcome, and how often. */
    resultsTriedAt: timestamp('results_tried_at'),
    resultsTries: integer('results_tries').notNull().default(0),
    /** When they were last received; null: never. */
    resultsFetchedAt: timestamp('results_fetched_at'),
  },
  (table) => [index('events_starts_at').on(table.startsAt)],
);

const eventId = () =>
  text('event_id')
    .notNull()
    .references(() => events.eventId, { onDelete: 'cascade' });

/** One row per fetch of an event's signups, to measure freshness over time. */
export const signupCopies = pgTable(
  'signup_copies',
  {
    eventId: eventId(),
    copiedAt: timestamp('copied_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.copiedAt] }),
    index('signup_copies_copied').on(table.copiedAt),
  ],
);

export const signups = pgTable(
  'signups',
  {
    eventId: eventId(),
    riderId: integer('rider_id').notNull(),
    name: text('name').notNull(),
    pen: text('pen').notNull(),
    rating: doublePrecision('rating'),
    raw: jsonb('raw').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    lastSeenAt: timestamp('last_seen_at').notNull(),
    withdrawnAt: timestamp('withdrawn_at'),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.riderId] }),
    index('signups_rider').on(table.riderId),
    // Has all that counting the signups of many events needs.
    index('signups_event').on(table.eventId, table.firstSeenAt, table.withdrawnAt, table.riderId),
  ],
);

/** How riders finished an event, by its latest results. */
export const results = pgTable(
  'results',
  {
    eventId: eventId(),
    riderId: integer('rider_id').notNull(),
    name: text('name').notNull(),
    /** null: unknown. */
    pen: text('pen'),
    /** Place among the finishers of the pen; null: did not finish, or unknown. */
    positionInPen: integer('position_in_pen'),
    seconds: doublePrecision('seconds'),
    /** Gap to the first of the pen; null: did not finish. */
    gapSeconds: doublePrecision('gap_seconds'),
    /** While not rated, the rating before the race, or null. */
    rating: doublePrecision('rating'),
    ratingBefore: doublePrecision('rating_before'),
    /** null: not rated (yet). */
    ratingDelta: doublePrecision('rating_delta'),
    raw: jsonb('raw').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    lastSeenAt: timestamp('last_seen_at').notNull(),
    /** Set when later results no longer had the rider, such as after a disqualification. */
    removedAt: timestamp('removed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.riderId] }),
    index('results_rider').on(table.riderId),
  ],
);
