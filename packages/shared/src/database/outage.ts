import { DrizzleQueryError } from 'drizzle-orm';
import { type Clock, pause } from '../clock/index.ts';
import { type Logger, reasonOf, repeatedFailure } from '../telemetry/index.ts';
import { isDatabaseUnavailable } from './errors.ts';

/** `signal` aborts when shutdown starts. */
export interface OutageWait {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Real ms. */
const pauseMs = 500;

/** Real ms without a usable database after which a process leaves its message to another one. */
export const patienceMs = 60_000;

/** This process could not use the database for too long. Has no cause, as it is no reason to retry here. */
export class DatabaseOutage extends Error {
  constructor(error: unknown, ms: number) {
    super(`Database unavailable for ${Math.round(ms / 1_000)} s: ${reasonOf(error)}`);
    this.name = 'DatabaseOutage';
  }
}

/**
 * Retries idempotent work while the database is unavailable, so that a Postgres restart doesn't lose a response that
 * cost an hour's only call.
 * @param giveUpAfterMs real ms that this process waits: the outage can be of its own route only, such as a server that stays read-only
 * @throws any other error of `work`; the database's error once shutdown starts; {DatabaseOutage}
 */
export async function retryDuringOutage<T>(
  { clock, log, signal }: OutageWait,
  work: () => Promise<T>,
  giveUpAfterMs = Infinity,
): Promise<T> {
  let since: number | undefined;
  const outage = repeatedFailure((error) =>
    log.warn({ reason: reasonOf(error) }, 'database unavailable, retrying'),
  );
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseUnavailable(error)) throw error;
      const now = clock.machine.elapsed();
      since ??= now;
      if (now - since >= giveUpAfterMs) throw new DatabaseOutage(error, now - since);
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
