import { zwiftracing } from '../upstreams/index.ts';
import { readLimits as readLimitsIn, type ReportedLimits } from '../upstreams/limits.ts';

/** What an answer of ZwiftRacing says about its limit. */
export const readLimits = (status: number, headers: Headers, text: string, now: number): ReportedLimits =>
  readLimitsIn(zwiftracing().dialect, status, headers, text, now);
