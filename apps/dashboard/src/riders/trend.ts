import type { Rider } from '@paceline/client';
import type { PlotPoint } from '../parts/plot-layout.ts';

/** The ratings of the last 90 days with the current one at the end, whole numbers. */
export function trendOf({ ratingTrend = [], rating, fetchedAt }: Rider): PlotPoint[] {
  const points = ratingTrend.map((each) => ({ at: Date.parse(each.at), value: Math.round(each.rating) }));
  const now = { at: Date.parse(fetchedAt), value: Math.round(rating ?? 0) };
  const isNewer = rating !== null && now.at > (points.at(-1)?.at ?? -Infinity);
  return isNewer ? [...points, now] : points;
}
