import type { TestStack } from '@paceline/kit/stack';
import { createWorld } from '@paceline/sandbox';
import { asRows, openDatabase, tables } from '@paceline/shared/database';

const day = 24 * 3_600_000;
const world = createWorld(1);

/** What daily fetches of a rider until `now` would have stored: one row for each answer that differs from the last. */
function historyOf(riderId: number, now: number, days: number) {
  let last = '';
  return Array.from({ length: days }, (_, index) => now - (days - index) * day).flatMap((recordedAt) => {
    const raw = world.rider(riderId, recordedAt);
    const text = JSON.stringify(raw);
    if (!raw || text === last) return [];
    last = text;
    const rating = raw.race?.current.rating ?? null;
    return [{ riderId, recordedAt, rating, weightKg: raw.weight, zpFtp: raw.zpFTP, raw }];
  });
}

/** Makes a new system look as if it had synced its riders for months: the sandbox's data depends only on time. */
export async function plantHistory({ databaseUrl }: TestStack, now: number, days = 90): Promise<void> {
  const { db, close } = openDatabase(databaseUrl, (error) => console.error(error.message));
  const { riders, clubMemberships, riderHistory } = tables;
  const firstSeenAt = now - days * day;
  try {
    const stored = await db.select({ riderId: riders.riderId }).from(riders);
    for (const { riderId } of stored)
      await db
        .insert(riderHistory)
        .select(asRows(riderHistory, historyOf(riderId, now, days)))
        .onConflictDoNothing();
    await db.update(riders).set({ firstSeenAt });
    await db.update(clubMemberships).set({ firstSeenAt });
  } finally {
    await close();
  }
}
