import { pause } from '../clock/index.ts';
import { isDatabaseAway } from '../database/index.ts';
import type { Sync } from './open.ts';
import { plainError } from './plain-error.ts';

/** Ms of the machine. */
const pauseMs = 500;

/**
 * Repeats idempotent work for as long as the database is away: an answer that cost an hour's only call is not thrown
 * away because Postgres restarts.
 * @throws whatever else `work` throws; the database's error when shutdown begins first
 */
export async function throughOutages<T>(
  { clock, log, signal }: Pick<Sync, 'clock' | 'log' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isDatabaseAway(error)) throw error;
      log.warn({ err: plainError(error) }, 'the database is away, trying again');
      await pause(clock.machine, pauseMs, signal).catch(() => undefined);
    }
  }
}
