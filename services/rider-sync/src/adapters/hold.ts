import type { Database } from '@paceline/shared/database';
import type { Transaction } from '@paceline/shared/sync';
import { sql } from 'drizzle-orm';

/** A transaction that stays open while a call is under way; its locks are gone the moment its process is. */
export interface Held<T> {
  readonly value: T;
  /** Does the last work of the transaction and commits it. @throws also when its connection has broken since */
  end(work: (tx: Transaction) => Promise<void>): Promise<void>;
}

/**
 * @param take what the transaction begins with: locks what must not be had twice
 * @param longestMs real ms after which Postgres gives up on a holder that it hears nothing of any more
 */
export async function hold<T>(
  db: Database,
  longestMs: number,
  take: (tx: Transaction) => Promise<T>,
): Promise<Held<T>> {
  const taken = Promise.withResolvers<T>();
  const last = Promise.withResolvers<(tx: Transaction) => Promise<void>>();
  const over = db.transaction(async (tx) => {
    await tx.execute(
      sql`select set_config('idle_in_transaction_session_timeout', ${String(Math.ceil(longestMs))}, true)`,
    );
    taken.resolve(await take(tx));
    await (
      await last.promise
    )(tx);
  });
  over.catch(taken.reject);
  const value = await taken.promise;
  return {
    value,
    async end(work) {
      last.resolve(work);
      await over;
    },
  };
}
