import { asRows, tables } from '@paceline/shared/database';
import type { Transaction } from '@paceline/shared/sync';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import { and, eq, inArray, lt } from 'drizzle-orm';
import type { Pass } from '../core/pass.ts';

const { clubs, clubMemberships } = tables;

/**
 * Stores who is on a page of a club.
 * @param skippedIds riders that are on it but could not be read: they are members no less
 */
export async function storeMembers(
  tx: Transaction,
  clubId: number,
  members: readonly RiderItem[],
  skippedIds: number[],
  seenAt: number,
): Promise<void> {
  const seen = { lastSeenAt: seenAt, current: true };
  if (members.length > 0) {
    await tx
      .insert(clubMemberships)
      .select(
        asRows(
          clubMemberships,
          members.map(({ rider }) => ({ clubId, riderId: rider.riderId, firstSeenAt: seenAt, ...seen })),
        ),
      )
      .onConflictDoUpdate({ target: [clubMemberships.clubId, clubMemberships.riderId], set: seen });
  }
  await tx
    .update(clubMemberships)
    .set(seen)
    .where(and(eq(clubMemberships.clubId, clubId), inArray(clubMemberships.riderId, skippedIds)));
}

/** The pass is over: the club is as fresh as that, and whom no page of it showed is no longer a member. */
export async function storeWholeClub(
  tx: Transaction,
  name: string,
  { clubId, startedAt, seesAll }: Pass & { readonly startedAt: number },
  fetchedAt: number,
): Promise<void> {
  await tx
    .insert(clubs)
    .values({ clubId, name, fetchedAt })
    .onConflictDoUpdate({ target: clubs.clubId, set: { name, fetchedAt } });
  if (!seesAll) return;
  await tx
    .update(clubMemberships)
    .set({ current: false })
    .where(and(eq(clubMemberships.clubId, clubId), lt(clubMemberships.lastSeenAt, startedAt)));
}
