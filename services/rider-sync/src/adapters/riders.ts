import { asRows, type Database, tables } from '@paceline/shared/database';
import { storeVerdict, type Transaction, upsert, type Verdict } from '@paceline/shared/sync';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import { and, asc, count, eq, gte, inArray, isNull, lt, notExists, notInArray, or, sql } from 'drizzle-orm';
import type { Pass } from '../core/club-run.ts';

const { clubs, clubMemberships, riders, riderHistory } = tables;

/** Whether a rider was fetched at `since` (project ms) or later. */
export async function wasFetchedSince(db: Database, riderId: number, since: number): Promise<boolean> {
  const fetched = and(eq(riders.riderId, riderId), gte(riders.fetchedAt, since));
  const [row] = await db.select({ riderId: riders.riderId }).from(riders).where(fetched);
  return row !== undefined;
}

/** Stores riders (distinct ids), and a history row for each that has changed. */
export async function storeRiders(
  tx: Transaction,
  items: readonly RiderItem[],
  fetchedAt: number,
): Promise<void> {
  if (items.length === 0) return;
  // Sorted, so that two calls with the same riders don't deadlock.
  const sorted = items.toSorted((a, b) => a.rider.riderId - b.rider.riderId);
  const unchanged = await findUnchanged(tx, sorted);
  const rows = sorted.map((item) => riderRow(item, fetchedAt));
  await upsert(tx, riders, ['riderId'], rows);
  const changed = rows
    .filter(({ riderId }) => !unchanged.has(riderId))
    .map(({ riderId, rating, weightKg, zpFtp, raw }) => {
      return { riderId, recordedAt: fetchedAt, rating, weightKg, zpFtp, raw };
    });
  if (changed.length > 0)
    await tx.insert(riderHistory).select(asRows(riderHistory, changed)).onConflictDoNothing();
}

/** Ids of riders that are stored with the same raw data. */
async function findUnchanged(tx: Transaction, items: readonly RiderItem[]): Promise<ReadonlySet<number>> {
  const ids = sql.param(items.map(({ rider }) => rider.riderId));
  const raws = sql.param(items.map(({ raw }) => JSON.stringify(raw)));
  const { rows } = await tx.execute<{ rider_id: number }>(sql`
    select stored.rider_id from ${riders} stored
    join unnest(${ids}::integer[], ${raws}::text[]) as answered (rider_id, raw) using (rider_id)
    where stored.raw = answered.raw::jsonb
    order by stored.rider_id for update of stored`);
  return new Set(rows.map(({ rider_id: id }) => id));
}

function riderRow({ rider: { club, ...columns }, raw }: RiderItem, fetchedAt: number) {
  const clubColumns = { clubId: club?.id ?? null, clubName: club?.name ?? null };
  return { ...columns, ...clubColumns, raw, firstSeenAt: fetchedAt, fetchedAt };
}

/** Stores the members on a page of a club. @param skippedIds members whose items could not be read */
export async function storeMembers(
  tx: Transaction,
  clubId: number,
  members: readonly RiderItem[],
  skippedIds: number[],
  seenAt: number,
): Promise<void> {
  const seen = { lastSeenAt: seenAt, current: true };
  const rows = members.map(({ rider }) => ({ clubId, riderId: rider.riderId, firstSeenAt: seenAt, ...seen }));
  await upsert(tx, clubMemberships, ['clubId', 'riderId'], rows);
  await tx
    .update(clubMemberships)
    .set(seen)
    .where(and(eq(clubMemberships.clubId, clubId), inArray(clubMemberships.riderId, skippedIds)));
}

/** Ids of the current members of a club. */
export async function findMembers(db: Pick<Database, 'select'>, clubId: number): Promise<number[]> {
  const isMember = and(eq(clubMemberships.clubId, clubId), eq(clubMemberships.current, true));
  const rows = await db.select({ riderId: clubMemberships.riderId }).from(clubMemberships).where(isMember);
  return rows.map(({ riderId }) => riderId);
}

/** Stores the end of a pass. If it is believed, the club is fresh, and riders missing on its pages are no members. */
export async function storeClubPass(
  tx: Transaction,
  name: string,
  pass: Pass & { readonly startedAt: number },
  verdict: Verdict,
  fetchedAt: number,
): Promise<void> {
  const { clubId, seesAll, startedAt } = pass;
  await storeVerdict(tx, `club:${clubId}`, verdict, pass, startedAt);
  if (verdict.is === 'doubted') return;
  await tx
    .insert(clubs)
    .values({ clubId, name, fetchedAt })
    .onConflictDoUpdate({ target: clubs.clubId, set: { name, fetchedAt } });
  if (!seesAll) return;
  await tx
    .update(clubMemberships)
    .set({ current: false })
    .where(and(eq(clubMemberships.clubId, clubId), lt(clubMemberships.lastSeenAt, verdict.missingSince)));
}

/** Riders who are in none of the synced clubs. */
export interface Outsiders {
  /** The synced clubs. */
  readonly clubIds: readonly number[];
  /** Only riders that were neither fetched nor taken for a call since then, project ms. */
  readonly staleBefore: number;
}

function isStaleOutsider(db: Pick<Database, 'select'>, { clubIds, staleBefore }: Outsiders) {
  const membership = db
    .select({ riderId: clubMemberships.riderId })
    .from(clubMemberships)
    .where(
      and(
        eq(clubMemberships.riderId, riders.riderId),
        eq(clubMemberships.current, true),
        inArray(clubMemberships.clubId, [...clubIds]),
      ),
    );
  return and(
    lt(riders.fetchedAt, staleBefore),
    or(isNull(riders.takenAt), lt(riders.takenAt, staleBefore)),
    notExists(membership),
  );
}

/** Returns the oldest and marks them as taken, so that no other call takes them until they are stale again. */
export async function takeOutsiders(
  db: Database,
  outsiders: Outsiders,
  except: readonly number[],
  limit: number,
  now: number,
): Promise<number[]> {
  if (limit <= 0) return [];
  const oldest = db
    .select({ riderId: riders.riderId })
    .from(riders)
    .where(and(isStaleOutsider(db, outsiders), notInArray(riders.riderId, [...except])))
    .orderBy(asc(sql`greatest(${riders.fetchedAt}, ${riders.takenAt})`), asc(riders.riderId))
    .limit(limit)
    .for('update', { skipLocked: true });
  const rows = await db
    .update(riders)
    .set({ takenAt: now })
    .where(inArray(riders.riderId, oldest))
    .returning({ riderId: riders.riderId });
  return rows.map(({ riderId }) => riderId);
}

/** Those of the riders that are stored. */
export async function findStored(
  db: Pick<Database, 'select'>,
  riderIds: readonly number[],
): Promise<number[]> {
  const { riderId } = riders;
  const rows = await db
    .select({ riderId })
    .from(riders)
    .where(inArray(riderId, [...riderIds]));
  return rows.map((row) => row.riderId);
}

/** Undoes `takeOutsiders` for a call that was not made. */
export async function releaseOutsiders(
  db: Pick<Database, 'update'>,
  riderIds: readonly number[],
): Promise<void> {
  await db
    .update(riders)
    .set({ takenAt: null })
    .where(inArray(riders.riderId, [...riderIds]));
}

export async function countOutsiders(db: Database, outsiders: Outsiders): Promise<number> {
  const [row] = await db.select({ count: count() }).from(riders).where(isStaleOutsider(db, outsiders));
  return row?.count ?? 0;
}
