import type { Api } from './api.ts';

/** What the API said the time is, and what this machine's stopwatch showed then. */
export interface ClockReading {
  /** Project time, ms since the epoch. */
  readonly now: number;
  /** Project ms that pass in one of this machine's. */
  readonly scale: number;
  /** Real ms of `performance.now()`. */
  readonly readAt: number;
}

export async function readClock(api: Api): Promise<ClockReading> {
  const asked = performance.now();
  const { now, scale } = await api.call('GET /v1/clock');
  return { now: Date.parse(now), scale, readAt: (asked + performance.now()) / 2 };
}

/** Project time when the stopwatch shows `stopwatch`: nothing is known of the clock of the machine itself. */
export const projectTime = ({ now, scale, readAt }: ClockReading, stopwatch = performance.now()): number =>
  now + (stopwatch - readAt) * scale;
