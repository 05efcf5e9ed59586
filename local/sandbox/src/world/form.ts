import { between, draw, hash, pick } from '../random.ts';
import { DAY, HOUR, toSeconds } from '../time.ts';
import { nameOf } from './names.ts';

const countries = ['nl', 'be', 'se', 'gb', 'us', 'de', 'fr', 'it', 'es', 'jp', 'no', 'pl'] as const;
const ages = ['Snr', 'Snr', 'Mas', 'Mas', 'Vet', '50+', '60+', '-'] as const;

/** How strong a rider is among all, in [0, 1). */
export const skillOf = (seed: number, id: number): number => draw(seed, 'skill', id);

/** What never changes about a rider. */
type Traits = Readonly<ReturnType<typeof traitsOf>>;

export function traitsOf(seed: number, id: number) {
  const gender = draw(seed, 'gender', id) < 0.18 ? 'F' : 'M';
  const eagerness = draw(seed, 'eagerness', id);
  return {
    id,
    name: nameOf(seed, id, gender),
    gender,
    country: pick(draw(seed, 'country', id), countries),
    age: pick(draw(seed, 'age', id), ages),
    height: Math.round(between(draw(seed, 'height', id), 158, 198)),
    skill: skillOf(seed, id),
    /** From pure climber (0) to pure sprinter (1). */
    punch: draw(seed, 'punch', id),
    /** Days from one race to the next; `null` for those who never race. */
    racesEvery: eagerness < 0.15 ? null : 2 + Math.floor(118 * ((eagerness - 0.15) / 0.85) ** 2),
  };
}

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
