import { poll } from '@paceline/embedded';

/**
 * Waits for a condition: runs `check` until it passes, and returns what it gave.
 * @param check throws, or rejects, for as long as the condition doesn't hold, as an assertion does
 * @throws the last failure of `check` when it still fails after `timeoutMs` (real)
 */
export const eventually = <T>(
  check: () => T | Promise<T>,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<T> => poll(check, { timeoutMs });
