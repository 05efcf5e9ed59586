import { DrizzleQueryError } from 'drizzle-orm';
import { type Clock, pause } from '../clock/index.ts';
import { type Logger, reasonOf, repeatedFailure } from '../telemetry/index.ts';
import { isDatabaseUnavailable, isDatabaseUnreachable } from './errors.ts';

/** `signal` aborts when shutdown starts. */
export interface OutageWait {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Real ms. */
const pauseMs = 500;

/** Real ms after which a process that can't reach the database leaves its message to another one. */
export const patienceMs = 60_000;

/** This process could not reach the database for too long. Has no cause, as it is no reason to retry here. */
export class DatabaseUnreachable extends Error {
  constructor(error: unknown, ms: number) {
    super(`Database unreachable for ${Math.round(ms / 1_000)} s: ${reasonOf(error)}`);
    this.name = 'DatabaseUnreachable';
  }
}

/**
 * Retries idempotent work while the database is unavailable, so that a Postgres restart doesn't lose a response that
 * cost an hour's only call.
 * @param giveUpAfterMs real ms that this process waits for a connection
 * @throws any other error of `work`; the database's error once shutdown starts; {DatabaseUnreachable}
 */
export async function retryDuringOutage<T>(
  { clock, log, signal }: OutageWait,
  work: () => Promise<T>,
  giveUpAfterMs = Infinity,
): Promise<T> {
  let unreachableSince: number | undefined;
  const outage = repeatedFailure((error) =>
    log.warn({ reason: reasonOf(error) }, 'database unavailable, retrying'),
  );
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseUnavailable(error)) throw error;
      const now = clock.machine.elapsed();
      unreachableSince = isDatabaseUnreachable(error) ? (unreachableSince ?? now) : undefined;
      const unreachableMs = now - (unreachableSince ?? now);
      if (unreachableMs >= giveUpAfterMs) throw new DatabaseUnreachable(error, unreachableMs);
      outage.failed(error);
      await pause(clock.machine, pauseMs, signal).catch(() => undefined);
    }
  }
}

/** The cause of a query error, without the query and its values: those can be a whole page of riders. */
export function plainError(error: unknown): Error {
  if (error instanceof DrizzleQueryError && error.cause) return error.cause;
  return error instanceof Error ? error : new Error(String(error));
}
