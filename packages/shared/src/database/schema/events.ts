import { doublePrecision, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { ResultsState } from '../../contracts/index.ts';
import { timestamp } from './columns.ts';

/** Events as the cheap list last showed them. */
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
    /** Signups as the list counts them, all pens together. */
    listedSignups: integer('listed_signups').notNull().default(0),
    raw: jsonb('raw').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    fetchedAt: timestamp('fetched_at').notNull(),
    /** When a newer list no longer held the event although it had not started; null: it is listed, or has started. */
    delistedAt: timestamp('delisted_at'),
    /** When the signups were last fetched; null: never. */
    signupsFetchedAt: timestamp('signups_fetched_at'),
    /** `listedSignups` when the signups were last fetched: a change since then makes a call worth it. */
    signupsListedThen: integer('signups_listed_then'),
    /** null: its results were never requested. */
    resultsState: text('results_state').$type<ResultsState>(),
    /** Why the results are as they are, where that needs a word. */
    resultsReason: text('results_reason'),
    /** When they were last requested, with whatever outcome, and how often. */
    resultsTriedAt: timestamp('results_tried_at'),
    resultsTries: integer('results_tries').notNull().default(0),
    /** When they were last answered; null: never. */
    resultsFetchedAt: timestamp('results_fetched_at'),
  },
  (table) => [index('events_starts_at').on(table.startsAt)],
);

const eventId = () =>
  text('event_id')
    .notNull()
    .references(() => events.eventId, { onDelete: 'cascade' });

/** One row for each copy of an event's signups that was made: how fresh they were at any time. */
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
  ],
);

/** How riders finished an event, by its latest results. */
export const results = pgTable(
  'results',
  {
    eventId: eventId(),
    riderId: integer('rider_id').notNull(),
    name: text('name').notNull(),
    /** null: upstream names none. */
    pen: text('pen'),
    /** null: did not finish. */
    position: integer('position'),
    positionInPen: integer('position_in_pen'),
    seconds: doublePrecision('seconds'),
    /** To the first of the pen. */
    gapSeconds: doublePrecision('gap_seconds'),
    /** null: not rated (yet). */
    rating: doublePrecision('rating'),
    ratingBefore: doublePrecision('rating_before'),
    ratingDelta: doublePrecision('rating_delta'),
    raw: jsonb('raw').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    lastSeenAt: timestamp('last_seen_at').notNull(),
    /** Set when a later answer no longer held the rider: disqualified, for one. */
    removedAt: timestamp('removed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.riderId] }),
    index('results_rider').on(table.riderId),
  ],
);
