import { lanes } from '@paceline/dashboard/palette';
import type { Budget, Lane } from '../api/shapes.ts';
import { markOf, type Paint } from './look.ts';

/** One cell of a bar; `calls` and `expected` are the lanes of those that fall into it. */
export interface BarCell {
  readonly is: 'held' | 'now' | 'free' | 'closed';
  readonly calls: readonly Lane[];
  readonly expected: readonly Lane[];
}

/**
 * A window as a row of cells: one length back, now, and one length ahead. A call stands where its window counts it from and
 * moves left until it falls off; who waits stands where its call is expected.
 * @param width an odd number of cells has now in the middle
 */
export function barOf(budget: Budget, now: number, width: number): BarCell[] {
  const span = budget.policy.windowSeconds * 1_000;
  const middle = Math.floor(width / 2);
  const cellMs = span / Math.max(1, middle);
  const placeOf = (moment: number) => middle + Math.trunc((moment - now) / cellMs);
  const calls = Map.groupBy(
    budget.permits.map(({ lane, startedAt, leavesAt, settled }) => {
      const from = settled ? Date.parse(leavesAt) - span : Date.parse(startedAt);
      return { lane, place: Math.min(middle - 1, Math.max(0, placeOf(from))) };
    }),
    ({ place }) => place,
  );
  const expected = Map.groupBy(
    budget.waiting.next.map(({ lane, estimatedAt }) => ({
      lane,
      place: Math.max(middle + 1, placeOf(Date.parse(estimatedAt))),
    })),
    ({ place }) => place,
  );
  const closedUntil = Math.max(
    ...[budget.pausedUntil.upstream, budget.pausedUntil.operator, budget.unknownUntil].map(momentOf),
  );
  const freeAt = momentOf(budget.freeAt);
  return Array.from({ length: width }, (_, place): BarCell => {
    const at = now + (place - middle) * cellMs;
    const is =
      place === middle
        ? 'now'
        : place < middle
          ? 'held'
          : at < closedUntil
            ? 'closed'
            : at < freeAt
              ? 'held'
              : 'free';
    const lanesAt = (found: typeof calls) => (found.get(place) ?? []).map(({ lane }) => lane);
    return { is, calls: lanesAt(calls), expected: lanesAt(expected) };
  });
}

const momentOf = (text: string | null): number => (text === null ? 0 : Date.parse(text));

/** A row of cells as it is written. */
export const drawBar = (cells: readonly BarCell[], paint: Paint): string =>
  cells.map((cell) => draw(cell, paint)).join('');

function draw({ is, calls, expected }: BarCell, paint: Paint): string {
  if (is === 'now') return paint.strong('│');
  if (calls.length > 0) return several(calls, paint, '┃');
  if (is === 'closed') return paint.quiet('╱');
  if (expected.length > 0) return several(expected, paint, '╎');
  return paint.quiet(is === 'held' ? '─' : '·');
}

/** One call is a mark, several in one cell are counted; the colour is that of the most urgent. */
function several(found: readonly Lane[], paint: Paint, stroke: string): string {
  const lane = lanes.find((each) => found.includes(each)) ?? found[0];
  if (lane === undefined) return '';
  if (found.length === 1) return markOf(paint, lane, stroke);
  return paint.lane(lane, found.length > 9 ? '+' : String(found.length));
}
