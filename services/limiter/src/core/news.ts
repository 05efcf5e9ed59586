import type { Conflict } from '@paceline/shared/contracts';

/** What happened to an account's requests since this limiter took over: published, never decided by. */
export interface AccountNews {
  conflicts: number;
  lastConflict: Conflict | null;
  /** First promises to waiters, kept and broken. */
  readonly estimates: { kept: number; missed: number };
  /** Waits that ended, summed up by stretches of ten minutes. */
  waits: readonly Waits[];
}

export interface Waits {
  readonly from: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

export const createNews = (): AccountNews => ({
  conflicts: 0,
  lastConflict: null,
  estimates: { kept: 0, missed: 0 },
  waits: [],
});

const hour = 3_600_000;
const stretch = hour / 6;

/** The stretches that lie within the hour before `now`. */
export const recentWaits = ({ waits }: AccountNews, now: number): readonly Waits[] =>
  waits.filter(({ from }) => from > now - hour);

export function noteWait(news: AccountNews, now: number, waitedMs: number): void {
  const from = now - (now % stretch);
  const recent = recentWaits(news, now);
  const current = recent.find((each) => each.from === from) ?? { from, count: 0, sum: 0, max: 0 };
  news.waits = [
    ...recent.filter((each) => each.from !== from),
    {
      from,
      count: current.count + 1,
      sum: current.sum + waitedMs,
      max: Math.max(current.max, waitedMs),
    },
  ];
}
