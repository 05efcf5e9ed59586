import { setTimeout as sleep } from 'node:timers/promises';
import { eventually as within } from '@paceline/shared/testing';

/** Ms of the machine: no wait of a whole system takes as long, on however busy a machine. */
const bound = 5 * 60_000;

/** Waits until `check` no longer throws, as an assertion does. @throws its last failure after minutes */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> => within(check, { timeoutMs: bound });

/** Ms of the machine's monotonic clock: the same for all processes of this machine, and never set. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Waits until `monotonic()` shows that moment. */
export async function until(moment: number): Promise<void> {
  for (let left = moment - monotonic(); left > 0; left = moment - monotonic()) await sleep(Math.ceil(left));
}
