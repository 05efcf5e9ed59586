import { tables } from '@paceline/shared/database';
import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

const { clubMemberships, clubs } = tables;

/** The clubs of a rider in a list. */
export interface RiderClubs {
  /** The club of ours that the rider is a member of; null: not one of our riders. */
  readonly ourClub: { readonly clubId: number; readonly name: string | null } | null;
  /** The club that upstream names, as upstream sends it. */
  readonly otherClub: unknown;
}

// Nested, as Drizzle writes the columns of a selected expression without their table.
export const nested = <T>(expression: SQL) => sql<T>`${expression}`;

export const ourClub = (riderId: PgColumn) =>
  nested<RiderClubs['ourClub']>(sql`(
    select json_build_object('clubId', club_id, 'name', name)
    from ${clubMemberships} left join ${clubs} using (club_id)
    where rider_id = ${riderId} and current order by club_id limit 1)`);
