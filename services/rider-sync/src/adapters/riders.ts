import { asRows, type Database, givenRows, namesOf, tables } from '@paceline/shared/database';
import { storeVerdict, type Transaction, upsert, type Verdict } from '@paceline/shared/sync';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import {
  and,
  asc,
  count,
  eq,
  inArray,
  isNull,
  lt,
  notExists,
  or,
  sql,
  type SQL,
  getTableColumns,
} from 'drizzle-orm';
import type { Pass } from '../core/club-run.ts';

const { clubs, clubMemberships, riders, riderHistory } = tables;

/** One parameter: a thousand would take milliseconds to write into a statement. */
export const idsParam = (riderIds: Iterable<number>) => sql`${sql.param([...riderIds])}::integer[]`;

export const riderColumns = getTableColumns(riders);
const historyColumns = getTableColumns(riderHistory);
const { riderId: _id, firstSeenAt: _firstSeenAt, ...changing } = riderColumns;
const replaced = sql.join(
  Object.values(changing).map(({ name }) => sql`${sql.identifier(name)} = excluded.${sql.identifier(name)}`),
  sql`, `,
);

/** CTEs that store riders, and a history row for each that has changed. @param answered selects their rows, each id once */
const storing = (answered: SQL) => sql`
  answered as (${answered}),
  known as (
    select rider_id, raw from ${riders} where rider_id in (select rider_id from answered) order by rider_id for update),
  stored as (
    insert into ${riders} (${namesOf(riderColumns)})
    select answered.* from answered left join known using (rider_id) order by rider_id
    on conflict (rider_id) do update set ${replaced}),
  changed as (
    insert into ${riderHistory} (${namesOf(historyColumns)})
    select rider_id, fetched_at, rating, weight_kg, zp_ftp, answered.raw from answered left join known using (rider_id)
    where known.raw is distinct from answered.raw
    on conflict do nothing)`;

/** As `storing`, for a prepared statement with the `columnValues` of `rowsOf`. */
export const ridersStored = storing(sql`select * from ${givenRows(riderColumns)}`);

/** Stores riders (distinct ids), and a history row for each that has changed. */
export async function storeRiders(
  tx: Transaction,
  items: readonly RiderItem[],
  fetchedAt: number,
): Promise<void> {
  if (items.length > 0)
    await tx.execute(sql`with ${storing(asRows(riders, rowsOf(items, fetchedAt)))} select`);
}

export const rowsOf = (items: readonly RiderItem[], fetchedAt: number) =>
  items.map(({ rider: { club, ...columns }, raw }) => {
    const clubColumns = { clubId: club?.id ?? null, clubName: club?.name ?? null };
    return { ...columns, ...clubColumns, raw, firstSeenAt: fetchedAt, fetchedAt };
  });

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
    .where(and(isStaleOutsider(db, outsiders), sql`${riders.riderId} <> all(${idsParam(except)})`))
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
    .where(sql`${riderId} = any(${idsParam(riderIds)})`);
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
    .where(sql`${riders.riderId} = any(${idsParam(riderIds)})`);
}

export async function countOutsiders(db: Database, outsiders: Outsiders): Promise<number> {
  const [row] = await db.select({ count: count() }).from(riders).where(isStaleOutsider(db, outsiders));
  return row?.count ?? 0;
}
