import { draw } from '../../random.ts';
import { DAY, toSeconds } from '../../time.ts';
import { dayOf, ratingOn, startOfDay } from './form.ts';
import type { Traits } from './traits.ts';

const ladder = [
  [2200, 'Diamond'],
  [1900, 'Ruby'],
  [1650, 'Emerald'],
  [1450, 'Sapphire'],
  [1300, 'Amethyst'],
  [1150, 'Platinum'],
  [1000, 'Gold'],
  [850, 'Silver'],
  [650, 'Bronze'],
  [Number.NEGATIVE_INFINITY, 'Copper'],
] as const;

function rung(rating: number) {
  const index = ladder.findIndex(([from]) => rating >= from);
  return { category: ladder[index]?.[1], number: index + 1 };
}

/** Ratings come with every decimal, with two, or whole. */
function written(seed: number, id: number, rating: number): number {
  const style = draw(seed, 'rating style', id);
  if (style < 0.1) return Math.round(rating);
  return style < 0.5 ? Math.round(rating * 100) / 100 : rating;
}

/** The days on which the rider raced, latest first, as far back as `days` before `at`. */
function raceDays(seed: number, { id, racesEvery }: Traits, at: number, days: number): number[] {
  if (racesEvery === null) return [];
  const today = dayOf(seed, id, at);
  const phase = Math.floor(draw(seed, 'race phase', id) * racesEvery);
  const latest = today - ((((today - phase) % racesEvery) + racesEvery) % racesEvery);
  const count = Math.max(0, Math.ceil((days - (today - latest)) / racesEvery));
  return Array.from({ length: count }, (_, index) => latest - index * racesEvery);
}

/** The rating that counts at `at` (project ms): that of the latest race, `null` for those who never race. */
export function currentRating(seed: number, traits: Traits, at: number): number | null {
  const latest = raceDays(seed, traits, at, (traits.racesEvery ?? 0) + 1)[0];
  return latest === undefined ? null : written(seed, traits.id, ratingOn(seed, traits, latest));
}

/** A rider's `race` at `at` (project ms); `null` for those who never race. */
export function raceOf(seed: number, traits: Traits, at: number) {
  const latest = raceDays(seed, traits, at, (traits.racesEvery ?? 0) + 1)[0];
  if (latest === undefined) return null;

  const standing = (day: number) => {
    const rating = written(seed, traits.id, ratingOn(seed, traits, day));
    const womens = traits.gender === 'F' ? { womens: rung(rating + 250) } : {};
    return { rating, date: toSeconds(startOfDay(seed, traits.id, day)), mixed: rung(rating), ...womens };
  };
  const best = (days: number) => {
    const expires = toSeconds(startOfDay(seed, traits.id, latest) + days * DAY);
    const raced = raceDays(seed, traits, at, days).map(standing);
    const first = raced.toSorted((a, b) => b.rating - a.rating)[0];
    return first ? { ...first, expires } : { rating: 0, expires };
  };
  const finishes = raceDays(seed, traits, at, 90).length;
  const podiums = Math.floor(finishes * draw(seed, 'podiums', traits.id) * 0.4);
  return {
    last: standing(latest),
    current: standing(latest),
    max30: best(30),
    max90: best(90),
    finishes,
    dnfs: Math.floor(finishes * draw(seed, 'dnfs', traits.id) * 0.2),
    wins: Math.floor(podiums * draw(seed, 'wins', traits.id)),
    podiums,
  };
}
