import { setTimeout as sleep } from 'node:timers/promises';
import { eventually as within } from '@paceline/shared/testing';

/** Real ms; generous, because the machine can be busy. */
const timeoutMs = 5 * 60_000;

/** Waits until `check` no longer throws. @throws its last error after 5 min */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  within(check, { timeoutMs: timeoutMs });

/** Ms of the machine's monotonic clock, which all its processes share. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Waits until `monotonic()` reaches `time`. */
export async function until(time: number): Promise<void> {
  for (let remaining = time - monotonic(); remaining > 0; remaining = time - monotonic())
    await sleep(Math.ceil(remaining));
}
