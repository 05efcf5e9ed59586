import { type Database, tables } from '@paceline/shared/database';
import { sql } from 'drizzle-orm';

const { riderHistory } = tables;

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
const weeks = 12;

export interface TrendPoint {
  readonly at: number;
  readonly rating: number;
}

interface RatedRider {
  readonly riderId: number;
  readonly rating: number | null;
  readonly fetchedAt: number;
}

/**
 * The ratings of riders over the last 90 days, oldest first: the first one, the last one of each week, and the current one.
 * @returns the trend of a rider
 */
export async function findTrends(
  db: Database,
  riders: readonly RatedRider[],
  now: number,
): Promise<(rider: RatedRider) => TrendPoint[]> {
  const since = iso(now - 90 * dayMs);
  const thisWeek = Math.floor(now / weekMs) * weekMs;
  const ends = Array.from({ length: weeks }, (_, week) => iso(thisWeek - week * weekMs));
  const ids = riders.map(({ riderId }) => riderId);
  const { rows } = await db.execute<{ riderId: number; at: number; rating: number }>(sql`
    select given.rider_id as "riderId", round(date_part('epoch', recorded_at) * 1000) as at, rating
    from unnest(${sql.param(ids)}::integer[]) as given (rider_id), lateral (
      (select recorded_at, rating from ${riderHistory}
        where rider_id = given.rider_id and recorded_at >= ${since} order by recorded_at limit 1)
      union
      select last.recorded_at, last.rating from unnest(${sql.param(ends)}::timestamptz[]) as week (ends), lateral (
        select recorded_at, rating from ${riderHistory}
        where rider_id = given.rider_id and recorded_at >= ${since} and recorded_at < week.ends
        order by recorded_at desc limit 1) as last
    ) as point
    where rating is not null
    order by recorded_at`);
  const byRider = Map.groupBy(rows, ({ riderId }) => riderId);
  return ({ riderId, rating, fetchedAt }) => {
    const points = (byRider.get(riderId) ?? []).map(({ at, rating: value }) => ({ at, rating: value }));
    const hasCurrent = rating === null || points.at(-1)?.at === fetchedAt;
    return hasCurrent ? points : [...points, { at: fetchedAt, rating }];
  };
}

const iso = (ms: number) => new Date(ms).toISOString();
