import type { Api } from './api.ts';

/** The API's time, and this machine's monotonic clock when it was read. */
export interface ClockReading {
  /** Project time, ms since the epoch. */
  readonly now: number;
  /** Project ms per real ms. */
  readonly scale: number;
  /** Real ms, from `performance.now()`. */
  readonly readAt: number;
}

export async function readClock(api: Api): Promise<ClockReading> {
  const sentAt = performance.now();
  const { now, scale } = await api.call('GET /v1/clock');
  return { now: Date.parse(now), scale, readAt: (sentAt + performance.now()) / 2 };
}

/** Project ms at a reading of the monotonic clock; independent of the machine's wall clock. */
export const projectTime = ({ now, scale, readAt }: ClockReading, monotonicMs = performance.now()): number =>
  now + (monotonicMs - readAt) * scale;
