import { type Database, tables } from '@paceline/shared/database';
import { and, eq, isNull, lt } from 'drizzle-orm';

const { idempotencyKeys: keys } = tables;

export type KeptAnswer = NonNullable<(typeof keys)['$inferSelect']['answer']>;

export interface KeyedRequest {
  readonly caller: string;
  readonly key: string;
  readonly request: string;
}

/** What is known of a key: it is this request's now, or another one has it. */
export type Taken =
  | { readonly is: 'taken'; readonly onceId: string }
  | { readonly is: 'answered'; readonly answer: KeptAnswer }
  | { readonly is: 'under_way' }
  | { readonly is: 'of_another_request' };

/**
 * Takes a key for a request: of any number that come at once, in any number of processes, one has it.
 * @param keptSince project ms: answers from before are forgotten
 * @param abandonedSince project ms: a request that was taken before and has no answer died; this one takes its place
 */
export async function takeKey(
  db: Database,
  { caller, key, request }: KeyedRequest,
  now: number,
  { keptSince, abandonedSince }: { keptSince: number; abandonedSince: number },
): Promise<Taken> {
  const mine = and(eq(keys.caller, caller), eq(keys.key, key));
  await db.delete(keys).where(and(mine, lt(keys.takenAt, keptSince)));
  const onceId = crypto.randomUUID();
  const [taken] = await db
    .insert(keys)
    .values({ caller, key, request, onceId, takenAt: now })
    .onConflictDoNothing()
    .returning();
  if (taken) return { is: 'taken', onceId };
  const [known] = await db.select().from(keys).where(mine);
  // It was given back in between.
  if (!known) return { is: 'under_way' };
  if (known.request !== request) return { is: 'of_another_request' };
  if (known.answer) return { is: 'answered', answer: known.answer };
  const [abandoned] = await db
    .update(keys)
    .set({ takenAt: now })
    .where(and(mine, isNull(keys.answer), lt(keys.takenAt, abandonedSince)))
    .returning();
  return abandoned ? { is: 'taken', onceId: abandoned.onceId } : { is: 'under_way' };
}

export async function keepAnswer(
  db: Database,
  { caller, key }: KeyedRequest,
  answer: KeptAnswer,
): Promise<void> {
  await db
    .update(keys)
    .set({ answer })
    .where(and(eq(keys.caller, caller), eq(keys.key, key)));
}

/** A request that was not carried out may be sent again. */
export async function giveKeyBack(db: Database, { caller, key }: KeyedRequest): Promise<void> {
  await db.delete(keys).where(and(eq(keys.caller, caller), eq(keys.key, key), isNull(keys.answer)));
}
