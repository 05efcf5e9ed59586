import { isDatabaseAway } from '../database/index.ts';
import type { Sync } from './open.ts';
import { plainError } from './plain-error.ts';

/** Real ms. */
const pauseMs = 500;

/**
 * Repeats idempotent work for as long as the database is away: an answer that cost an hour's only call is not thrown
 * away because Postgres restarts.
 * @throws whatever else `work` throws; the database's error when shutdown begins first
 */
export async function throughOutages<T>(
  { log, signal }: Pick<Sync, 'log' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseAway(error)) throw error;
      log.warn({ err: plainError(error) }, 'the database is away, trying again');
      await pause(signal);
    }
  }
}

const pause = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, pauseMs);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
