import { type Database, tables } from '@paceline/shared/database';
import { and, eq, getTableColumns, ilike, notExists, type SQL } from 'drizzle-orm';
import type { RiderRow } from '../core/rider.ts';
import type { RiderChangeRow } from '../core/rider-change.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { riders, riderHistory, clubMemberships } = tables;
const { raw, takenAt: _, ...listed } = getTableColumns(riders);
const byId: Order = { columns: [riders.riderId], direction: 'asc' };
const newestFirst: Order = { columns: [riderHistory.recordedAt], direction: 'desc' };

export interface RiderFilter {
  readonly clubId?: number | undefined;
  /** A part of the name, in any case. */
  readonly q?: string | undefined;
}

/** Up to `limit` + 1 riders by their id. */
export const listRiders = (
  db: Database,
  { clubId, q }: RiderFilter,
  { limit, after }: PageQuery<readonly [number]>,
): Promise<RiderRow[]> =>
  db
    .select(listed)
    .from(riders)
    .where(
      and(
        behind(byId, after),
        clubId === undefined ? undefined : memberOf(db, clubId),
        q === undefined ? undefined : ilike(riders.name, `%${q.replace(/[\\%_]/g, '\\$&')}%`),
      ),
    )
    .orderBy(...ordered(byId))
    .limit(limit + 1);

/** A rider's own record says its club; who has left is only told by the club, whose pages no longer show the rider. */
function memberOf(db: Database, clubId: number): SQL | undefined {
  const left = db
    .select({ riderId: clubMemberships.riderId })
    .from(clubMemberships)
    .where(
      and(
        eq(clubMemberships.clubId, clubId),
        eq(clubMemberships.riderId, riders.riderId),
        eq(clubMemberships.current, false),
      ),
    );
  return and(eq(riders.clubId, clubId), notExists(left));
}

/** One rider with upstream's own words. */
export async function findRider(
  db: Database,
  riderId: number,
): Promise<(RiderRow & { raw: unknown }) | undefined> {
  const [rider] = await db
    .select({ ...listed, raw })
    .from(riders)
    .where(eq(riders.riderId, riderId));
  return rider;
}

/** Up to `limit` + 1 changes of a rider, newest first. */
export const listRiderChanges = (
  db: Database,
  riderId: number,
  { limit, after }: PageQuery<readonly [number]>,
): Promise<RiderChangeRow[]> =>
  db
    .select({
      recordedAt: riderHistory.recordedAt,
      rating: riderHistory.rating,
      weightKg: riderHistory.weightKg,
      zpFtp: riderHistory.zpFtp,
      raw: riderHistory.raw,
    })
    .from(riderHistory)
    .where(and(eq(riderHistory.riderId, riderId), behind(newestFirst, after)))
    .orderBy(...ordered(newestFirst))
    .limit(limit + 1);
