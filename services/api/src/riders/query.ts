import { type Database, tables } from '@paceline/shared/database';
import { and, eq, ilike, notExists, type SQL } from 'drizzle-orm';
import { columnsBut, defineList, keyId, keyMoment, type PageOf, rowsOf } from '../http/params.ts';
import type { RiderChangeRow, RiderRow } from './view.ts';

const { riders, riderHistory, clubMemberships } = tables;
const listed = columnsBut(riders, 'raw', 'takenAt');

export const riderList = defineList('riders', 'asc', { riderId: riders.riderId }, [keyId]);

interface RiderFilter {
  readonly clubId?: number | undefined;
  readonly q?: string | undefined;
}

export const listRiders = (
  db: Database,
  { clubId, q, ...page }: RiderFilter & PageOf<typeof riderList>,
): Promise<RiderRow[]> =>
  rowsOf(
    db.select(listed).from(riders).$dynamic(),
    riderList,
    page,
    and(
      clubId === undefined ? undefined : memberOf(db, clubId),
      q === undefined ? undefined : ilike(riders.name, `%${q.replace(/[\\%_]/g, '\\$&')}%`),
    ),
  );

/** A rider's own record names its club; that a rider has left is known only from the pages of the club. */
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

export async function findRider(
  db: Database,
  riderId: number,
): Promise<(RiderRow & { raw: unknown }) | undefined> {
  const [rider] = await db
    .select({ ...listed, raw: riders.raw })
    .from(riders)
    .where(eq(riders.riderId, riderId));
  return rider;
}

export const riderChangeList = defineList('rider-history', 'desc', { recordedAt: riderHistory.recordedAt }, [
  keyMoment,
]);

export function listRiderChanges(
  db: Database,
  riderId: number,
  page: PageOf<typeof riderChangeList>,
): Promise<RiderChangeRow[]> {
  const { recordedAt, rating, weightKg, zpFtp, raw } = riderHistory;
  const query = db.select({ recordedAt, rating, weightKg, zpFtp, raw }).from(riderHistory);
  return rowsOf(query.$dynamic(), riderChangeList, page, eq(riderHistory.riderId, riderId));
}
