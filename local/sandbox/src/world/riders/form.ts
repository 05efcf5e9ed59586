import { between, draw, hash } from '../../random.ts';
import { DAY, HOUR } from '../../time.ts';
import type { Traits } from './traits.ts';

const WAVE_DAYS = 14;

/** A slow wave in [-1, 1): each fortnight leads straight to a new random height. */
function drift(seed: number, stream: string, id: number, day: number): number {
  const knot = Math.floor(day / WAVE_DAYS);
  const share = day / WAVE_DAYS - knot;
  return between(share, draw(seed, stream, id, knot), draw(seed, stream, id, knot + 1)) * 2 - 1;
}

/** A rider's days begin in the evening, each rider's at another minute: that is when races are and stats change. */
const dayBegins = (seed: number, id: number): number =>
  17 * HOUR + (hash(seed, 'day begins', id) % (4 * 60)) * 60_000;

/** The number of the rider's day that `at` (project ms) belongs to. */
export const dayOf = (seed: number, id: number, at: number): number =>
  Math.floor((at - dayBegins(seed, id)) / DAY);

/** The project ms at which that day of the rider began. */
export const startOfDay = (seed: number, id: number, day: number): number => day * DAY + dayBegins(seed, id);

/** The rating after a race on that day. */
export const ratingOn = (seed: number, { id, skill }: Traits, day: number): number =>
  350 + 1900 * skill + 70 * drift(seed, 'rating', id, day);

/** Weight in kg on that day: some scales know decimals, most do not. */
export function weightOn(seed: number, { id, height, gender }: Traits, day: number): number {
  const usual = (height - 100) * (gender === 'F' ? 0.86 : 0.95) + between(draw(seed, 'build', id), -8, 10);
  const weight = usual + 1.5 * drift(seed, 'weight', id, day);
  return draw(seed, 'exact scale', id) < 0.3 ? Math.round(weight * 10) / 10 : Math.round(weight);
}

/** Functional threshold power in watts per kg on that day. */
export const thresholdOn = (seed: number, { id, skill }: Traits, day: number): number =>
  1.7 + 3.3 * skill + 0.15 * drift(seed, 'threshold', id, day);
