import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { clubMemberships } from './schema/index.ts';

/** Whether a rider is one of ours: a current member of a club that we sync. */
export const isOurs = (riderId: PgColumn | SQL): SQL =>
  sql`exists (select from ${clubMemberships} where rider_id = ${riderId} and current)`;

/** The ids of all of them; a rider in two clubs is there twice. */
export const ourRiders = sql`select rider_id from ${clubMemberships} where current`;
