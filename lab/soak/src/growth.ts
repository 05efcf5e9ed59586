import { median } from '@paceline/kit/statistics';

/** One measured value and when it was measured, project ms. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** How much something may grow over the time that is judged; whichever of the two is more. */
export interface Bound {
  /** Of its level. */
  readonly share: number;
  /** In its own unit. */
  readonly least: number;
}

/** The number of stretches that a series is cut into, each with one value. */
const stretches = 12;
/** One-sided, 1 in 100: so seldom does what only varies rise like this (Mann and Kendall's test). */
const significant = 2.33;

/**
 * Whether something still grows after a first third in which it may settle: its slope over the last two thirds is more
 * than allowed, and it rises too steadily for chance.
 * @param series in the order of time
 * @param of what a stretch is worth: its `least` where garbage piles up and is cleared away, else its `middle`
 */
export function growthOf(series: readonly Sample[], bound: Bound, of: 'least' | 'middle') {
  const judged = lastTwoThirds(series);
  const points = inStretches(judged, of);
  const level = median(points.map(({ value }) => value));
  const [from, until] = [judged[0]?.at ?? 0, judged.at(-1)?.at ?? 0];
  const growth = slopeOf(points) * (until - from);
  const allowed = Math.max(bound.least, bound.share * Math.abs(level));
  // The middle of what is judged, by how much it has grown, and by how much it may.
  return { level, growth, allowed, grows: growth > allowed && riseOf(points) > significant };
}

function lastTwoThirds(series: readonly Sample[]): readonly Sample[] {
  const [from, until] = [series[0]?.at ?? 0, series.at(-1)?.at ?? 0];
  return series.filter(({ at }) => at >= from + (until - from) / 3);
}

function inStretches(series: readonly Sample[], of: 'least' | 'middle'): Sample[] {
  const [from, until] = [series[0]?.at ?? 0, series.at(-1)?.at ?? 0];
  const length = (until - from) / stretches;
  return Array.from({ length: stretches }, (_, index) => {
    const isLast = index === stretches - 1;
    const values = series
      .filter(({ at }) => at >= from + index * length && (isLast || at < from + (index + 1) * length))
      .map(({ value }) => value);
    if (values.length === 0) return [];
    const value = of === 'least' ? Math.min(...values) : median(values);
    return [{ at: from + (index + 0.5) * length, value }];
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
