import type { Machine } from '@paceline/shared/clock';
import { type Database, inBatches, preparedSelect, tables } from '@paceline/shared/database';
import { sql } from 'drizzle-orm';
import { columnsExcept } from '../http/params.ts';
import { keyAnyText } from '../http/sort.ts';
import { nested } from '../ours.ts';
import type { MembershipRow } from './view.ts';

const { clubMemberships, clubs, riders } = tables;

/** As people sort names: Émile is between Daan and Finn, whatever the order of the database's own locale. */
export const byName = {
  field: 'name',
  column: sql`${riders.name} collate "und-x-icu"`,
  key: keyAnyText,
} as const;

/** The part of upstream's rider object about races. */
export const race = nested<unknown>(sql`${riders.raw} -> 'race'`);

/** The columns of a listed rider. */
export const listed = { ...columnsExcept(riders, 'raw', 'takenAt'), race };

// Until a first pass over a club is complete, only its members know its name.
const clubsOfRider = nested<MembershipRow[]>(sql`(
  select coalesce(json_agg(json_build_object(
      'clubId', club_id, 'current', current,
      'name', coalesce(${clubs.name}, case ${riders.clubId} when club_id then ${riders.clubName} end),
      'firstSeenAt', (date_part('epoch', first_seen_at) * 1000)::bigint,
      'lastSeenAt', (date_part('epoch', last_seen_at) * 1000)::bigint
    ) order by first_seen_at desc, club_id), '[]')
  from (select * from ${clubMemberships} where rider_id = ${riders.riderId}) membership
    left join ${clubs} using (club_id))`);

const ridersByIds = preparedSelect('riders-by-ids', (db) =>
  db
    .select({ ...listed, raw: riders.raw, clubs: clubsOfRider })
    .from(riders)
    .where(sql`${riders.riderId} = any(${sql.placeholder('ids')}::integer[])`),
);

export type StoredRider = Awaited<ReturnType<typeof ridersByIds>>[number];

/** Returns a rider with all its data; undefined when it is not stored. */
export type FindRider = (riderId: number) => Promise<StoredRider | undefined>;

const maxBatch = 100;

/** Adds that end together are answered together: what is looked up meanwhile shares the next statement. */
export const riderFinder = (db: Database, machine: Machine): FindRider =>
  inBatches(
    async (ids: readonly number[]) => {
      const found = await ridersByIds(db, { ids: [...new Set(ids)] });
      const byId = new Map(found.map((rider) => [rider.riderId, rider]));
      return ids.map((riderId) => byId.get(riderId));
    },
    maxBatch,
    machine,
  );
