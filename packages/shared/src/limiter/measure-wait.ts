import type { Budget } from '../definition/index.ts';
import type { Clock } from '../clock/index.ts';
import { durations } from '../telemetry/index.ts';
import { type PermitAsk, PermitRefused } from './permit.ts';

const waits = durations(
  'paceline.permit.wait',
  'From the first ask for a permit until its call starts, is refused, or is given up',
);

/** Measures how long a permit was waited for, and how that ended. */
export async function measureWait<T>(
  clock: Clock,
  { endpoint, lane, firstAskedAt = clock.now() }: PermitAsk<Budget>,
  wait: Promise<T>,
): Promise<T> {
  let outcome = 'started';
  try {
    return await wait;
  } catch (error) {
    outcome = error instanceof PermitRefused ? 'refused' : 'given_up';
    throw error;
  } finally {
    waits.record(Math.max(0, clock.now() - firstAskedAt) / 1_000, { endpoint, lane, outcome });
  }
}
