import { dialectEntry } from '../upstreams/dialect.ts';
import { readLimits as readLimitsIn, type ReportedLimits } from '../upstreams/limits.ts';

/** The captured body of a 429 names its policy; no headers were ever captured. */
export const zwiftRacingDialect = dialectEntry.parse({
  counters: [],
  policy: { limit: 'limit', window: 'windowMinutes', unit: 'm' },
});

export const readLimits = (status: number, headers: Headers, text: string, now: number): ReportedLimits =>
  readLimitsIn(zwiftRacingDialect, status, headers, text, now);
