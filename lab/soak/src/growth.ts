import { median } from '@paceline/kit/statistics';

/** `at`: project ms. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Allowed growth over the judged time: the larger of the two. */
export interface Bound {
  /** Share of the level. */
  readonly share: number;
  /** In the figure's unit. */
  readonly absolute: number;
}

/** How a stretch is reduced to one value. */
export type StretchValue = 'minimum' | 'median';

/** A series is divided into stretches with one value each. */
const stretches = 12;
/** One-sided Mann–Kendall test, 1 in 100. */
const significant = 2.33;

/**
 * Whether a figure still grows after a first third in which it can settle: its slope over the last two thirds exceeds
 * the allowed growth and is significant.
 * @param series ordered by time
 * @param value of a stretch: `minimum` for memory with garbage collection, else `median`
 */
export function growthOf(series: readonly Sample[], bound: Bound, value: StretchValue) {
  const judged = lastTwoThirds(series);
  const points = inStretches(judged, value);
  const level = median(points.map(({ value }) => value));
  const [from, until] = [judged[0]?.at ?? 0, judged.at(-1)?.at ?? 0];
  const growth = slopeOf(points) * (until - from);
  const allowed = Math.max(bound.absolute, bound.share * Math.abs(level));
  return { level, growth, allowed, grows: growth > allowed && riseOf(points) > significant };
}

function lastTwoThirds(series: readonly Sample[]): readonly Sample[] {
  const [from, until] = [series[0]?.at ?? 0, series.at(-1)?.at ?? 0];
  return series.filter(({ at }) => at >= from + (until - from) / 3);
}

function inStretches(series: readonly Sample[], value: StretchValue): Sample[] {
  const [from, until] = [series[0]?.at ?? 0, series.at(-1)?.at ?? 0];
  const length = (until - from) / stretches;
  return Array.from({ length: stretches }, (_, index) => {
    const isLast = index === stretches - 1;
    const values = series
      .filter(({ at }) => at >= from + index * length && (isLast || at < from + (index + 1) * length))
      .map(({ value }) => value);
    if (values.length === 0) return [];
    const at = from + (index + 0.5) * length;
    return [{ at, value: value === 'minimum' ? Math.min(...values) : median(values) }];
  }).flat();
}

/** The median of the slopes between all pairs (Theil and Sen): a few odd values move it little. */
function slopeOf(points: readonly Sample[]): number {
  const slopes = pairsOf(points).map(([a, b]) => (b.value - a.value) / (b.at - a.at));
  return slopes.length === 0 ? 0 : median(slopes);
}

/** By how many standard deviations more pairs rise than fall, than would by chance. */
function riseOf(points: readonly Sample[]): number {
  const n = points.length;
  const sum = pairsOf(points).reduce((total, [a, b]) => total + Math.sign(b.value - a.value), 0);
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return n < 2 ? 0 : (sum - Math.sign(sum)) / deviation;
}

const pairsOf = (points: readonly Sample[]): Array<readonly [Sample, Sample]> =>
  points.flatMap((a, index) => points.slice(index + 1).map((b) => [a, b] as const));
