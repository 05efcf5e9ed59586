import type { TestStack } from '@paceline/kit/stack';
import { openDatabase } from '@paceline/shared/database';

/** Gives every stored rider a history, as if the system had run for twelve weeks: a new system has no trend to show. */
export async function addPastWeeks({ databaseUrl }: TestStack): Promise<void> {
  const { db, close } = openDatabase(databaseUrl, () => undefined);
  try {
    await db.execute(`
      insert into rider_history (rider_id, recorded_at, rating, weight_kg, zp_ftp, raw)
      select rider_id, fetched_at - week * interval '7 days',
        rating - 4 * week + 25 * sin(week + rider_id), weight_kg + 0.1 * week, zp_ftp - 2 * (week / 3), raw
      from riders, generate_series(1, 12) as week
      on conflict do nothing`);
  } finally {
    await close();
  }
}
