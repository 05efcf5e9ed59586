import type { Conflict } from '@paceline/shared/contracts';

/** Statistics of an account since this limiter took over. They are published; no decision depends on them. */
export interface AccountStats {
  conflicts: number;
  lastConflict: Conflict | null;
  /** Whether calls started by their first estimate. */
  readonly estimates: { kept: number; missed: number };
  /** Completed waits, summed per ten minutes. */
  waits: readonly WaitBucket[];
}

export interface WaitBucket {
  readonly from: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
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

export function recordWait(stats: AccountStats, now: number, waitedMs: number): void {
  const from = now - (now % bucketMs);
  const recent = recentWaits(stats, now);
  const current = recent.find((each) => each.from === from) ?? { from, count: 0, sum: 0, max: 0 };
  stats.waits = [
    ...recent.filter((each) => each.from !== from),
    {
      from,
      count: current.count + 1,
      sum: current.sum + waitedMs,
      max: Math.max(current.max, waitedMs),
    },
  ];
}
