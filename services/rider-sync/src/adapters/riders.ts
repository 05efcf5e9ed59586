import { asRows, type Database, tables } from '@paceline/shared/database';
import { fromInserted, type Transaction } from '@paceline/shared/sync';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import { and, eq, gte, sql } from 'drizzle-orm';

const { riders, riderHistory } = tables;

/** Whether a rider was fetched at that moment (project ms) or later. */
export async function isStoredSince(db: Database, riderId: number, since: number): Promise<boolean> {
  const fetched = and(eq(riders.riderId, riderId), gte(riders.fetchedAt, since));
  const [row] = await db.select({ riderId: riders.riderId }).from(riders).where(fetched);
  return row !== undefined;
}

/** Stores riders as they are now, and what has changed about them as history. The ids must differ. */
export async function storeRiders(
  tx: Transaction,
  items: readonly RiderItem[],
  fetchedAt: number,
): Promise<void> {
  if (items.length === 0) return;
  // In one order, so that two who store the same riders wait for each other instead of deadlocking.
  const sorted = items.toSorted((a, b) => a.rider.riderId - b.rider.riderId);
  const unchanged = await unchangedSince(tx, sorted);
  await tx
    .insert(riders)
    .select(
      asRows(
        riders,
        sorted.map((item) => riderRow(item, fetchedAt)),
      ),
    )
    .onConflictDoUpdate({
      target: riders.riderId,
      set: fromInserted(riders, ['riderId', 'firstSeenAt']),
    });
  const changed = sorted.filter(({ rider }) => !unchanged.has(rider.riderId));
  if (changed.length === 0) return;
  await tx
    .insert(riderHistory)
    .select(
      asRows(
        riderHistory,
        changed.map(({ rider: { riderId, rating, weightKg, zpFtp }, raw }) => ({
          riderId,
          recordedAt: fetchedAt,
          rating,
          weightKg,
          zpFtp,
          raw,
        })),
      ),
    )
    .onConflictDoNothing();
}

/** Which of the riders are stored with the very same answer. */
async function unchangedSince(tx: Transaction, items: readonly RiderItem[]): Promise<ReadonlySet<number>> {
  const ids = sql.param(items.map(({ rider }) => rider.riderId));
  const raws = sql.param(items.map(({ raw }) => JSON.stringify(raw)));
  const { rows } = await tx.execute<{ rider_id: number }>(sql`
    select stored.rider_id from ${riders} stored
    join unnest(${ids}::integer[], ${raws}::text[]) as answered (rider_id, raw) using (rider_id)
    where stored.raw = answered.raw::jsonb
    order by stored.rider_id for update of stored`);
  return new Set(rows.map(({ rider_id: id }) => id));
}

function riderRow({ rider, raw }: RiderItem, fetchedAt: number): typeof riders.$inferInsert {
  const { club, ...columns } = rider;
  return {
    ...columns,
    clubId: club?.id ?? null,
    clubName: club?.name ?? null,
    raw,
    firstSeenAt: fetchedAt,
    fetchedAt,
  };
}
