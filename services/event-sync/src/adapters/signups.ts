import { asRows, tables } from '@paceline/shared/database';
import { fromInserted, type Transaction } from '@paceline/shared/sync';
import { riderIdsOf, type SignupsAnswer } from '@paceline/shared/zwiftracing';
import { and, eq, isNull, notInArray, sql } from 'drizzle-orm';

const { events, signups, signupCopies } = tables;

/**
 * Stores who is signed up for an event. Who is absent has withdrawn, unless an entry could not even be told apart: it
 * may be anybody's. Who is there again has come back.
 */
export async function storeSignups(
  tx: Transaction,
  eventId: string,
  answer: SignupsAnswer,
  fetchedAt: number,
): Promise<void> {
  const ids = answer.signups.map(({ signup }) => signup.riderId);
  if (answer.signups.length > 0) {
    await tx
      .insert(signups)
      .select(
        asRows(
          signups,
          answer.signups.map(({ signup, raw }) => ({
            ...signup,
            eventId,
            raw,
            firstSeenAt: fetchedAt,
            lastSeenAt: fetchedAt,
            withdrawnAt: null,
          })),
        ),
      )
      .onConflictDoUpdate({
        target: [signups.eventId, signups.riderId],
        set: fromInserted(signups, ['eventId', 'riderId', 'firstSeenAt']),
      });
  }
  const unreadable = riderIdsOf(answer.skipped);
  if (unreadable.length === answer.skipped.length) {
    const absent = notInArray(signups.riderId, [...ids, ...unreadable]);
    await tx
      .update(signups)
      .set({ withdrawnAt: fetchedAt })
      .where(and(eq(signups.eventId, eventId), isNull(signups.withdrawnAt), absent));
  }
  await tx.insert(signupCopies).values({ eventId, copiedAt: fetchedAt }).onConflictDoNothing();
  await tx
    .update(events)
    .set({ signupsFetchedAt: fetchedAt, signupsListedThen: sql`${events.listedSignups}` })
    .where(eq(events.eventId, eventId));
}
