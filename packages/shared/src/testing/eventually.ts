import { poll } from '@paceline/embedded';

/**
 * Runs `check` until it passes. @returns its result
 * @param check throws or rejects until the condition is met, like an assertion
 * @throws the last failure of `check` after `timeoutMs` (real)
 */
export const eventually = <T>(
  check: () => T | Promise<T>,
  { timeoutMs = 60_000 }: { timeoutMs?: number } = {},
): Promise<T> => poll(check, { timeoutMs });
