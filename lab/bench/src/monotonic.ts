import { setTimeout as wait } from 'node:timers/promises';

/** Ms of the machine's monotonic clock: the same for all processes of this machine, and never set. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Waits until `monotonic()` shows that moment. */
export async function until(moment: number): Promise<void> {
  for (let left = moment - monotonic(); left > 0; left = moment - monotonic()) await wait(Math.ceil(left));
}
