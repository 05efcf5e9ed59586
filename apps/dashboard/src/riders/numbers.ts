import type { Rider } from '@paceline/client';
import type { PlotPoint } from '../parts/plot-layout.ts';

/** An unknown number. */
export const none = '–';

export const whole = (value: number | null): string => (value === null ? none : String(Math.round(value)));

/** `+22`, `−5`, `±0` */
export function signed(value: number): string {
  const rounded = Math.round(value);
  return rounded === 0 ? '±0' : rounded > 0 ? `+${rounded}` : `−${-rounded}`;
}

export const kilograms = (value: number | null): string =>
  value === null ? none : `${Math.round(value * 10) / 10} kg`;

/** Watts per kilogram: `3.9` */
export const perKilogram = (watts: number | null, weightKg: number | null): string =>
  watts === null || !weightKg ? none : (watts / weightKg).toFixed(1);

/** The time of a race: `25:06`, `1:04:12` */
export function raceTime(seconds: number): string {
  const total = Math.round(seconds);
  const twoDigits = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60];
  const end = twoDigits(total % 60);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${end}` : `${minutes}:${end}`;
}

/** The ratings of the last 90 days with the current one at the end, whole numbers. */
export function trendOf({ ratingTrend = [], rating, fetchedAt }: Rider): PlotPoint[] {
  const points = ratingTrend.map((each) => ({ at: Date.parse(each.at), value: Math.round(each.rating) }));
  const now = { at: Date.parse(fetchedAt), value: Math.round(rating ?? 0) };
  const isNewer = rating !== null && now.at > (points.at(-1)?.at ?? -Infinity);
  return isNewer ? [...points, now] : points;
}
