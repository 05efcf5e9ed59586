import { performance } from 'node:perf_hooks';
import type { Api } from './api/client.ts';
import type { Clock } from './api/shapes.ts';

/** Project time: what the API says it is, and from there on by the machine's stopwatch at the API's pace. */
export interface ProjectTime {
  readonly clock: Clock;
  /** Project ms. */
  now(): number;
}

export async function projectTime(api: Api): Promise<ProjectTime> {
  const clock = await api.get<Clock>('/v1/clock');
  const readAt = performance.now();
  return { clock, now: () => Date.parse(clock.now) + (performance.now() - readAt) * clock.scale };
}
