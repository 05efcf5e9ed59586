import { setTimeout as wait } from 'node:timers/promises';

/** Repeats `check` until it succeeds. Throws its last failure after `timeoutMs` (real), or the signal's reason. */
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
