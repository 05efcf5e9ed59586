import { setTimeout as wait } from 'node:timers/promises';

export interface PollOptions {
  /** Real ms after which the last failure is final. */
  readonly timeoutMs: number;
  /** Real ms between two looks. */
  readonly everyMs?: number;
  /** Ends the polling early; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * Looks until `check` succeeds and returns what it gave.
 * @throws the last failure of `check` once the time is up, or the signal's reason
 */
export async function poll<T>(
  check: () => T | Promise<T>,
  { timeoutMs, everyMs = 20, signal }: PollOptions,
): Promise<T> {
  const timeIsUp = AbortSignal.timeout(timeoutMs);
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await check();
    } catch (error) {
      if (timeIsUp.aborted) throw error;
    }
    await wait(everyMs);
  }
}
