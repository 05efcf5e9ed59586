import type { Budget } from '@paceline/client';
import { activePauses, duration } from '@paceline/client/text';
import { timeAxis } from '../parts/layout.ts';

export type WindowShape = ReturnType<typeof layoutWindow>;

/** The window of the past on the left, as much of the future on the right, in pixels from the top. */
export function layoutWindow(budget: Budget, now: number, width: number) {
  const span = budget.policy.windowSeconds * 1_000;
  const { x } = timeAxis(now - span, now + span, width);

  const held: number[] = [];
  const calls = budget.permits
    .toSorted((one, other) => one.startedAt.localeCompare(other.startedAt))
    .map(({ permit, lane, settled, startedAt, leavesAt }) => {
      const [start, leaves] = [Date.parse(startedAt), Date.parse(leavesAt)];
      return {
        permit,
        lane,
        settled,
        row: placeIn(held, start, leaves),
        startX: x(start),
        // Until here its call was, or is, under way: the window is counted from this moment.
        answeredX: x(settled ? Math.max(start, leaves - span) : now),
        leaveX: x(leaves),
      };
    });
  const rows = Math.max(budget.policy.limit, held.length);
  const expected = expectedCalls(budget, held, rows, now + span).map(({ start, ...each }) => ({
    ...each,
    startX: x(Math.max(start, now)),
    leaveX: x(start + span),
  }));
  return {
    /** How many calls fit side by side. */
    rows,
    nowX: width / 2,
    /** The calls that count now: from their start to the moment at which they leave the window. */
    calls,
    /** Who waits, where it is expected to start, and for how long its call will count. */
    expected,
    closed: activePauses(budget, now).map(({ by, until }) => ({ by, toX: x(until) })),
    ticks: [
      { x: 0, words: `−${duration(span)}` },
      { x: width / 2, words: 'now' },
      { x: width, words: `+${duration(span)}` },
    ],
  };
}

function placeIn(heldUntil: number[], start: number, until: number): number {
  const free = heldUntil.findIndex((end) => end <= start);
  const row = free === -1 ? heldUntil.length : free;
  heldUntil[row] = until;
  return row;
}

function expectedCalls({ waiting, policy }: Budget, held: readonly number[], rows: number, horizon: number) {
  const until = Array.from({ length: rows }, (_, row) => held[row] ?? 0);
  return waiting.next
    .map(({ ticket, lane, estimatedAt }) => ({ ticket, lane, start: Date.parse(estimatedAt) }))
    .filter(({ start }) => start < horizon)
    .map((each) => {
      const row = until.indexOf(Math.min(...until));
      until[row] = each.start + policy.windowSeconds * 1_000;
      return { ...each, row };
    });
}
