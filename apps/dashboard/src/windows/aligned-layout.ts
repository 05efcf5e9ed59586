import type { Budget } from '@paceline/client';
import { activePauses, shortTime } from '@paceline/client/text';
import { roundPixel, timeAxis } from '../parts/layout.ts';

export type AlignedBudget = Budget & { readonly aligned: NonNullable<Budget['aligned']> };

export const isAligned = (budget: Budget): budget is AlignedBudget => budget.aligned !== null;

/** A window that upstream resets at fixed times, from one reset to the next: how its calls add up, in pixels. */
export function layoutAligned(budget: AlignedBudget, now: number, width: number, height: number) {
  const { aligned, policy, reserve, used } = budget;
  const [from, until] = [Date.parse(aligned.from), Date.parse(aligned.until)];
  const { x } = timeAxis(from, until, width);
  const most = Math.max(policy.limit, used);
  const y = (calls: number) => roundPixel(height - (calls / most) * height);
  const nowX = x(now);

  const calls = [
    ...budget.earlier.map(({ at, lane, calls: count }) => ({ at: Date.parse(at), lane, count })),
    ...budget.permits.map(({ startedAt, lane }) => ({ at: Date.parse(startedAt), lane, count: 1 })),
  ].toSorted((one, other) => one.at - other.at);
  let ours = 0;
  const steps = calls.map(({ at, count }) => {
    ours += count;
    return { x: x(at), y: y(ours) };
  });
  const ticks = new Map(
    calls.map(({ at, lane }) => [`${lane} ${Math.floor(x(at))}`, { lane, x: Math.floor(x(at)) }]),
  );
  const expected = budget.waiting.requests
    .map(({ estimatedAt }) => Date.parse(estimatedAt))
    .filter((at) => at < until)
    .map((at, index) => ({ x: x(Math.max(at, now)), y: y(used + index + 1) }));
  return {
    nowX,
    /** Under the sum of our calls, up to now. */
    area: `M0 ${height}${stairs(steps)}H${nowX}V${height}Z`,
    /** One per lane and pixel with calls. */
    ticks: [...ticks.values()],
    /** Calls of other programs, on top of ours. */
    foreign:
      used > ours && budget.foreign
        ? { x: x(Date.parse(budget.foreign.since)), y: y(used), height: roundPixel(y(ours) - y(used)) }
        : undefined,
    /** The sum with the calls of waiting requests. */
    expected: expected.length === 0 ? undefined : `M${nowX} ${y(used)}${stairs(expected)}`,
    reserve:
      reserve > 0
        ? { y: y(policy.limit), height: roundPixel(y(policy.limit - reserve) - y(policy.limit)) }
        : undefined,
    /** The most calls of lanes that are not forced, over time. */
    pace: aligned.pace === null ? undefined : { y1: y(0), y2: y(policy.limit - reserve) },
    closed: activePauses(budget, now).map(({ by, until: end }) => ({ by, toX: x(end) })),
    labels: [
      { x: 0, label: shortTime(from) },
      ...(nowX > 60 && nowX < width - 60 ? [{ x: nowX, label: 'now' }] : []),
      { x: width, label: shortTime(until) },
    ],
  };
}

/** A line that rises at each point. */
const stairs = (points: ReadonlyArray<{ readonly x: number; readonly y: number }>): string =>
  points.map((point) => `H${point.x}V${point.y}`).join('');
