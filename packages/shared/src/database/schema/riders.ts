import { sql } from 'drizzle-orm';
import {
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import { timestamp } from './columns.ts';

/** Riders as last fetched, by their upstream id. */
export const riders = pgTable(
  'riders',
  {
    riderId: integer('rider_id').primaryKey(),
    name: text('name').notNull(),
    gender: text('gender'),
    country: text('country'),
    /** An age bucket such as "Mas" or "50+". */
    age: text('age'),
    heightCm: doublePrecision('height_cm'),
    weightKg: doublePrecision('weight_kg'),
    zpCategory: text('zp_category'),
    zpFtp: doublePrecision('zp_ftp'),
    rating: doublePrecision('rating'),
    ratingMax30: doublePrecision('rating_max30'),
    ratingMax90: doublePrecision('rating_max90'),
    phenotype: text('phenotype'),
    clubId: integer('club_id'),
    clubName: text('club_name'),
    raw: jsonb('raw').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    fetchedAt: timestamp('fetched_at').notNull(),
    /** When a bulk call last requested the rider; null: fetched since, or never requested. */
    takenAt: timestamp('taken_at'),
  },
  (table) => [
    // From the best on, riders without a rating last.
    index('riders_rating').on(sql`coalesce(${table.rating}, -1.7976931348623157e+308)`, table.riderId),
  ],
);

/** Rider history: one row for each response that differed from the previous one. */
export const riderHistory = pgTable(
  'rider_history',
  {
    riderId: integer('rider_id')
      .notNull()
      .references(() => riders.riderId, { onDelete: 'cascade' }),
    recordedAt: timestamp('recorded_at').notNull(),
    rating: doublePrecision('rating'),
    weightKg: doublePrecision('weight_kg'),
    zpFtp: doublePrecision('zp_ftp'),
    raw: jsonb('raw').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.riderId, table.recordedAt] }),
    index('rider_history_recorded').on(table.recordedAt),
  ],
);

/** Riders requested by commands, and their outcomes. Rows without outcome wait for the next bulk call of any process. */
export const wantedRiders = pgTable(
  'wanted_riders',
  {
    commandId: text('command_id').notNull(),
    riderId: integer('rider_id').notNull(),
    why: text('why').$type<'add' | 'import'>().notNull(),
    /** A copy fetched at or after this time is fresh enough. */
    freshFrom: timestamp('fresh_from').notNull(),
    since: timestamp('since').notNull(),
    /** How many bulk calls with this rider failed. */
    lost: integer('lost').notNull().default(0),
    outcome: text('outcome').$type<'done' | 'failed'>(),
    reason: text('reason'),
    endedAt: timestamp('ended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.commandId, table.riderId] }),
    index('wanted_riders_waiting')
      .on(table.why, table.since, table.riderId)
      .where(sql`outcome is null`),
    index('wanted_riders_failed')
      .on(table.endedAt)
      .where(sql`outcome = 'failed'`),
    index('wanted_riders_of_rider').on(table.riderId),
    // Has all that counting the outcomes of imports needs.
    index('wanted_riders_outcome').on(table.commandId, table.outcome),
  ],
);

export const clubs = pgTable('clubs', {
  clubId: integer('club_id').primaryKey(),
  name: text('name').notNull(),
  /** When a complete pass over the club was last stored. */
  fetchedAt: timestamp('fetched_at').notNull(),
});

export const clubMemberships = pgTable(
  'club_memberships',
  {
    clubId: integer('club_id').notNull(),
    riderId: integer('rider_id').notNull(),
    firstSeenAt: timestamp('first_seen_at').notNull(),
    lastSeenAt: timestamp('last_seen_at').notNull(),
    /** False once a complete pass no longer had the rider. */
    current: boolean('current').notNull().default(true),
  },
  (table) => [
    primaryKey({ columns: [table.clubId, table.riderId] }),
    index('club_memberships_rider').on(table.riderId),
  ],
);
