import type { Conflict } from '@paceline/shared/contracts';

/** Statistics of an account since this limiter took over. They are published; no decision depends on them. */
export interface AccountStats {
  conflicts: number;
  lastConflict: Conflict | null;
  /** Whether calls started by their first estimate. */
  readonly estimates: { kept: number; missed: number };
  /** Completed waits, summed per ten minutes, oldest first. */
  readonly waits: WaitBucket[];
}

export interface WaitBucket {
  readonly from: number;
  count: number;
  sum: number;
  max: number;
}

export const createStats = (): AccountStats => ({
  conflicts: 0,
  lastConflict: null,
  estimates: { kept: 0, missed: 0 },
  waits: [],
});

const hour = 3_600_000;
const bucketMs = hour / 6;

/** The buckets that start within the hour before `now`. */
export const recentWaits = ({ waits }: AccountStats, now: number): readonly WaitBucket[] =>
  waits.filter(({ from }) => from > now - hour);

export function recordWait({ waits }: AccountStats, now: number, waitedMs: number): void {
  const from = now - (now % bucketMs);
  let current = waits.at(-1);
  if (current?.from !== from) {
    while ((waits[0]?.from ?? Infinity) <= now - hour) waits.shift();
    waits.push((current = { from, count: 0, sum: 0, max: 0 }));
  }
  current.count += 1;
  current.sum += waitedMs;
  current.max = Math.max(current.max, waitedMs);
}
