import { type Budget, laneOf } from '@paceline/client';
import { activePauses, dayAndTime, duration, sentenceCase, timeNear } from '@paceline/client/text';
import { timeAxis } from '../parts/layout.ts';
import { utcText } from '../parts/zone.ts';

export type WindowShape = ReturnType<typeof layoutWindow>;

/** One window before now on the left, one after now on the right, in pixels. */
export function layoutWindow(budget: Budget, now: number, width: number) {
  const span = budget.policy.windowSeconds * 1_000;
  const { x } = timeAxis(now - span, now + span, width);

  const usedUntil: number[] = [];
  const calls = budget.permits
    .toSorted((one, other) => one.startedAt.localeCompare(other.startedAt))
    .map(({ permitId, lane, settled, startedAt, leavesAt }) => {
      const [start, leaves] = [Date.parse(startedAt), Date.parse(leavesAt)];
      return {
        permitId,
        lane,
        settled,
        row: assignRow(usedUntil, start, leaves),
        startX: x(start),
        // The call was in flight until here; the window counts from this time.
        respondedX: x(settled ? Math.max(start, leaves - span) : now),
        leaveX: x(leaves),
        text: `${sentenceCase(laneOf(lane).label)}, started ${dayAndTime(start)}, counts until ${timeNear(leaves, start)}\n${utcText(start)}`,
      };
    });
  const foreign = (budget.foreign?.calls ?? []).flatMap(({ calls: count, leavesAt }) => {
    const leaves = Date.parse(leavesAt);
    return Array.from({ length: count }, () => ({
      row: assignRow(usedUntil, leaves - span, leaves),
      startX: x(leaves - span),
      leaveX: x(leaves),
    }));
  });
  const rows = Math.max(budget.policy.limit, usedUntil.length);
  const expected = expectedCalls(budget, usedUntil, rows, now + span).map(({ start, ...each }) => ({
    ...each,
    startX: x(Math.max(start, now)),
    leaveX: x(start + span),
  }));
  return {
    /** Number of calls above each other. */
    rows,
    nowX: width / 2,
    /** The calls that count now, from their start to the time when they leave the window. */
    calls,
    /** Calls of other programs with the same key, by when they stop counting. */
    foreign,
    /** Waiting requests, from their expected start, for as long as their calls will count. */
    expected,
    closed: activePauses(budget, now).map(({ by, until }) => ({ by, toX: x(until) })),
    ticks: [
      { x: 0, label: `−${duration(span)}` },
      { x: width / 2, label: 'now' },
      { x: width, label: `+${duration(span)}` },
    ],
  };
}

function assignRow(usedUntil: number[], start: number, until: number): number {
  const free = usedUntil.findIndex((end) => end <= start);
  const row = free === -1 ? usedUntil.length : free;
  usedUntil[row] = until;
  return row;
}

function expectedCalls(
  { waiting, policy }: Budget,
  usedUntil: readonly number[],
  rows: number,
  horizon: number,
) {
  const until = Array.from({ length: rows }, (_, row) => usedUntil[row] ?? 0);
  return waiting.requests
    .map(({ requestId, lane, estimatedAt }) => ({ requestId, lane, start: Date.parse(estimatedAt) }))
    .filter(({ start }) => start < horizon)
    .map((each) => {
      const row = until.indexOf(Math.min(...until));
      until[row] = each.start + policy.windowSeconds * 1_000;
      return { ...each, row };
    });
}
