import type { Machine } from '@paceline/shared/clock';
import { type Database, inBatches, preparedSelect, tables } from '@paceline/shared/database';
import { sql } from 'drizzle-orm';
import { columnsExcept } from '../http/params.ts';

const { riders } = tables;

const ridersByIds = preparedSelect('riders-by-ids', (db) =>
  db
    .select(columnsExcept(riders, 'takenAt'))
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
