import { setTimeout as wait } from 'node:timers/promises';

/**
 * Looks every `everyMs` (real) until `check` succeeds, and returns what it gave.
 * @throws the last failure of `check` once `timeoutMs` (real) are over, or the signal's reason when that aborts
 */
export async function poll<T>(
  check: () => T | Promise<T>,
  { timeoutMs, everyMs = 20, signal }: { timeoutMs: number; everyMs?: number; signal?: AbortSignal },
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
