import { type Database, tables } from '@paceline/shared/database';
import { and, asc, count, eq, inArray, isNull, lt, notExists, notInArray, or, sql } from 'drizzle-orm';

const { riders, clubMemberships } = tables;

/** Riders whom no page of a club brings. */
export interface Outsiders {
  /** The clubs that are synced. */
  readonly clubIds: readonly number[];
  /** Only those who were neither fetched nor taken along since then, project ms. */
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

/**
 * Marks the oldest as taken along and returns them, none of `except`. Nobody else takes them then; those whose call
 * brings nothing have their next turn when they are stale again.
 */
export async function takeOutsiders(
  db: Database,
  outsiders: Outsiders,
  except: readonly number[],
  most: number,
  now: number,
): Promise<number[]> {
  if (most <= 0) return [];
  const oldest = db
    .select({ riderId: riders.riderId })
    .from(riders)
    .where(and(isStaleOutsider(db, outsiders), notInArray(riders.riderId, [...except])))
    .orderBy(asc(sql`greatest(${riders.fetchedAt}, ${riders.takenAt})`), asc(riders.riderId))
    .limit(most)
    .for('update', { skipLocked: true });
  const rows = await db
    .update(riders)
    .set({ takenAt: now })
    .where(inArray(riders.riderId, oldest))
    .returning({ riderId: riders.riderId });
  return rows.map(({ riderId }) => riderId);
}

/** The call on which they were taken along has not been made: they are as old as before. */
export async function giveBackOutsiders(
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
