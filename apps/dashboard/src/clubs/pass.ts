import type { RunDetail } from '@paceline/client';

/** How far a run is with the pages of one club. */
export interface ClubPass {
  readonly pages: number;
  /** The rider id from which the last page was read; undefined: it was the first page. */
  readonly from: number | undefined;
}

/** The fetched pages of a club; undefined before the first. The target of a call is `20650` or `20650 from rider 4500001`. */
export function passOf({ calls }: Pick<RunDetail, 'calls'>, clubId: number): ClubPass | undefined {
  const starts = calls.flatMap(({ budget, target, status }) => {
    const [club, from] = target.split(' from rider ');
    return budget === 'clubs' && status === 200 && club === String(clubId) ? [from] : [];
  });
  if (starts.length === 0) return undefined;
  const last = starts.at(-1);
  return { pages: starts.length, from: last === undefined ? undefined : Number(last) };
}
