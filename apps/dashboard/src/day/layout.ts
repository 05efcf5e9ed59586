import type { Permit } from '@paceline/client';
import { timeAxis } from '../parts/layout.ts';

export type StripShape = ReturnType<typeof layoutDay>['strips'][number];

const day = 86_400_000;
const stripHeight = 50;

/** The calls of the last day, one strip per budget; a call is in the strips of all budgets in which it counts. */
export function layoutDay(
  permits: readonly Permit[],
  budgets: readonly string[],
  now: number,
  width: number,
) {
  const axis = timeAxis(now - day, now, width);
  const recent = permits.filter(({ startedAt }) => Date.parse(startedAt) >= axis.from);
  const strips = budgets.map((budget, index) => {
    const own = recent.filter((permit) => permit.budgets.includes(budget));
    const ticks = new Map<string, { x: number; lane: string }>();
    const byLane: Partial<Record<string, number>> = {};
    for (const { lane, startedAt } of own) {
      const x = Math.floor(axis.x(Date.parse(startedAt)));
      ticks.set(`${lane} ${x}`, { x, lane });
      byLane[lane] = (byLane[lane] ?? 0) + 1;
    }
    const rejected = own.filter(isRejected);
    return {
      budget,
      y: index * stripHeight,
      calls: own.length,
      rejected: rejected.length,
      byLane,
      /** One per lane and pixel with calls. */
      ticks: [...ticks.values()],
      crosses: rejected.map(({ permitId, startedAt }) => ({ permitId, x: axis.x(Date.parse(startedAt)) })),
    };
  });
  return {
    axis,
    strips,
    calls: recent.length,
    rejected: recent.filter(isRejected).length,
    height: budgets.length * stripHeight,
  };
}

const isRejected = ({ status }: Permit): boolean => status === 429;

/** The permits of the last day from two reads; the newer one wins. */
export function mergePermits(known: readonly Permit[], newer: readonly Permit[], now: number): Permit[] {
  const all = new Map([...known, ...newer].map((permit) => [permit.permitId, permit]));
  return [...all.values()].filter(({ startedAt }) => Date.parse(startedAt) >= now - day);
}

/** No call takes longer; an end that is still unknown by then stays unknown. */
const maxCallMs = 600_000;

/** The time from which permits must be read again; earlier ones no longer change. Undefined: read all. */
export function readSince(known: readonly Permit[]): string | undefined {
  const newest = known.at(-1)?.startedAt;
  if (newest === undefined) return undefined;
  const since = Date.parse(newest) - maxCallMs;
  const open = known.filter(
    ({ finishedAt, startedAt }) => finishedAt === null && Date.parse(startedAt) >= since,
  );
  return open[0]?.startedAt ?? newest;
}
