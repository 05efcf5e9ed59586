import { between, draw, hash, pick, sequence } from '../random.ts';
import { DAY, HOUR, toSeconds } from '../time.ts';

const list = (names: string): readonly string[] => names.split(', ');

const given = {
  M: list('Anders, Bas, Carlos, Daan, Émile, Finn, Giulio, Henrik, Ivo, Jürgen, Kenji, Liam'),
  F: list('Anouk, Beatriz, Chloé, Diede, Elin, Freya, Greta, Hana, Ines, Julia, Kaja, Zoë'),
};
const family = [
  ...list("Andersen, Bakker, Costa, D'Angelo, Eriksson, Fischer, García, Hughes, Ito, Jansen, Kowalski"),
  ...list("Lefèvre, Müller, Nowak, O'Brien, Petit, Rossi, Sørensen, van den Berg, Weber"),
];
const tags = ['', '', '', ' [PLR]', ' [CGW]', ' | Ride & Shine', ' (TeamX)', ' "Diesel"'];

/** A rider's name, often with a team tag. */
export function nameOf(seed: number, riderId: number, gender: 'M' | 'F'): string {
  const first = pick(draw(seed, 'given name', riderId), given[gender]);
  const last = pick(draw(seed, 'family name', riderId), family);
  return `${first} ${last}${pick(draw(seed, 'name tag', riderId), tags)}`;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  "'": '&#039;',
  '"': '&quot;',
  é: '&eacute;',
  è: '&egrave;',
  ü: '&uuml;',
};

/** A text as upstream sends it: HTML-escaped. */
export const withEntities = (name: string): string =>
  name.replace(/[&'"éèü]/g, (character) => entities[character] ?? character);

const series = list('Zwift Crit, Evening Chase, Tour of Watopia, Club Ladder, Hill Repeats, Sprint League');
const organisers = list('EVO, DIRT, Herd, KISS, Coalition, 3R, TeamNL');

export const titleOf = (seed: number, eventId: number): string =>
  `${pick(draw(seed, 'organiser', eventId), organisers)} ${pick(draw(seed, 'series', eventId), series)} #${eventId % 97}`;

export interface SandboxClub {
  readonly id: number;
  readonly name: string;
  readonly size: number;
}

export const defaultClubs: readonly SandboxClub[] = [
  { id: 20650, name: 'Paceline Racing', size: 120 },
  { id: 20651, name: 'Paceline Development', size: 60 },
  { id: 20652, name: 'Chain Gang Worldwide', size: 1300 },
];

/** Exactly the ids in this range are riders. From `strangersFrom` on no rider is in a listed club. */
export const riderIds = { first: 100_000, strangersFrom: 4_000_000, last: 5_999_999 } as const;

export const isRider = (id: number): boolean => id >= riderIds.first && id <= riderIds.last;

export const riderIdAt = (drawn: number): number =>
  Math.floor(between(drawn, riderIds.first, riderIds.last + 1));

export type ClubMembership = ReturnType<typeof createMembership>;

/** One in this many places of a club changes hands now and then, so that members join and leave and its size stays. */
const PLACES_PER_CHANGING = 20;

/** A place in a club that riders take in turn. */
interface ChangingPlace {
  readonly club: SandboxClub;
  readonly holders: readonly number[];
  readonly days: number;
  readonly offset: number;
}

const holderOf = ({ holders, days, offset }: ChangingPlace, at: number): number | undefined =>
  holders[Math.floor(at / DAY / days + offset) % holders.length];

export function createMembership(seed: number, clubs: readonly SandboxClub[]) {
  const taken = new Map<number, SandboxClub>();
  for (const club of clubs) {
    const next = sequence(seed, 'members', club.id);
    for (let members = 0; members < club.size;) {
      const id = Math.floor(between(next(), riderIds.first, riderIds.strangersFrom));
      if (taken.has(id)) continue;
      taken.set(id, club);
      members += 1;
    }
  }
  const byClub = Map.groupBy(taken.keys(), (id) => taken.get(id)?.id);
  for (const members of byClub.values()) members.sort((a, b) => a - b);
  const changing = changingPlaces(seed, clubs, byClub);
  const placeOf = new Map(changing.flatMap((place) => place.holders.map((id) => [id, place] as const)));
  const clubAt = (riderId: number, at: number) => {
    const place = placeOf.get(riderId);
    if (!place) return taken.get(riderId);
    return holderOf(place, at) === riderId ? place.club : undefined;
  };

  return {
    clubs,
    /** Ids of the members that a club started with, ascending; undefined for a club that isn't listed. */
    membersOf: (clubId: number): readonly number[] | undefined => byClub.get(clubId),
    /** Ids of the members at `at` (project ms), ascending. */
    membersAt(clubId: number, at: number): number[] {
      const places = changing.filter(({ club }) => club.id === clubId);
      const current = (byClub.get(clubId) ?? []).filter((id) => !placeOf.has(id));
      return [...current, ...places.flatMap((place) => holderOf(place, at) ?? [])].toSorted((a, b) => a - b);
    },
    /** The club of any rider at `at` (project ms). Other riders are in no club or in one that can't be requested. */
    clubOf(riderId: number, at: number) {
      const club = clubAt(riderId, at);
      if (club) return { id: club.id, name: club.name };
      if (draw(seed, 'in a club', riderId) < 0.35) return null;
      const other = hash(seed, 'other club', riderId) % 400;
      return { id: 30_000 + other, name: `Cycling Club ${other + 1}` };
    },
  };
}

/** Each is taken in turn by a member and by a stranger. */
function changingPlaces(
  seed: number,
  clubs: readonly SandboxClub[],
  membersByClub: ReadonlyMap<number | undefined, readonly number[]>,
): ChangingPlace[] {
  const all = new Set([...membersByClub.values()].flat());
  return clubs.flatMap((club) => {
    const members = membersByClub.get(club.id) ?? [];
    const next = sequence(seed, 'changing places', club.id);
    return Array.from({ length: Math.floor(club.size / PLACES_PER_CHANGING) }, (_, place) => {
      let stranger: number;
      do stranger = Math.floor(between(next(), riderIds.first, riderIds.strangersFrom));
      while (all.has(stranger));
      all.add(stranger);
      const member = members[place * PLACES_PER_CHANGING] ?? stranger;
      return { club, holders: [member, stranger], days: between(next(), 8, 40), offset: next() * 2 };
    });
  });
}

const countries = ['nl', 'be', 'se', 'gb', 'us', 'de', 'fr', 'it', 'es', 'jp', 'no', 'pl'] as const;
const ages = ['Snr', 'Snr', 'Mas', 'Mas', 'Vet', '50+', '60+', '-'] as const;

/** A rider's strength relative to all others, in [0, 1). */
export const skillOf = (seed: number, id: number): number => draw(seed, 'skill', id);

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
    /** Days between races; `null` for a rider who never races. */
    racesEvery: eagerness < 0.15 ? null : 2 + Math.floor(118 * ((eagerness - 0.15) / 0.85) ** 2),
  };
}

const WAVE_DAYS = 14;

/** A slow wave in [-1, 1): linear between random values two weeks apart. */
function drift(seed: number, stream: string, id: number, day: number): number {
  const knot = Math.floor(day / WAVE_DAYS);
  const share = day / WAVE_DAYS - knot;
  return between(share, draw(seed, stream, id, knot), draw(seed, stream, id, knot + 1)) * 2 - 1;
}

/** A rider's day starts in the evening, at a minute of its own: that is when races take place and stats change. */
const dayOffset = (seed: number, id: number): number =>
  17 * HOUR + (hash(seed, 'day begins', id) % (4 * 60)) * 60_000;

/** The number of the rider's day that `at` (project ms) belongs to. */
export const dayOf = (seed: number, id: number, at: number): number =>
  Math.floor((at - dayOffset(seed, id)) / DAY);

/** The start of a rider's day, in project ms. */
const startOfDay = (seed: number, id: number, day: number): number => day * DAY + dayOffset(seed, id);

const ratingOn = (seed: number, { id, skill }: Traits, day: number): number =>
  350 + 1900 * skill + 70 * drift(seed, 'rating', id, day);

/** Weight in kg on that day: with a decimal for some riders, whole for most. */
function weightOn(seed: number, { id, height, gender }: Traits, day: number): number {
  const usual = (height - 100) * (gender === 'F' ? 0.86 : 0.95) + between(draw(seed, 'build', id), -8, 10);
  const weight = usual + 1.5 * drift(seed, 'weight', id, day);
  return rounded(weight, draw(seed, 'exact scale', id) < 0.3 ? 1 : 0);
}

/** Functional threshold power in watts per kg on that day. */
const thresholdOn = (seed: number, { id, skill }: Traits, day: number): number =>
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

/** Ratings have all decimals, two or none, depending on the rider. */
function formattedRating(seed: number, id: number, rating: number): number {
  const style = draw(seed, 'rating style', id);
  if (style < 0.1) return Math.round(rating);
  return style < 0.5 ? rounded(rating, 2) : rating;
}

/** The days of the rider's races within `days` before `at`, latest first. */
function raceDays(seed: number, { id, racesEvery }: Traits, at: number, days: number): number[] {
  if (racesEvery === null) return [];
  const today = dayOf(seed, id, at);
  const phase = Math.floor(draw(seed, 'race phase', id) * racesEvery);
  const latest = today - ((((today - phase) % racesEvery) + racesEvery) % racesEvery);
  const count = Math.max(0, Math.ceil((days - (today - latest)) / racesEvery));
  return Array.from({ length: count }, (_, index) => latest - index * racesEvery);
}

/** The rating at `at` (project ms), from the latest race; `null` for a rider who never races. */
export function currentRating(seed: number, traits: Traits, at: number): number | null {
  const latest = raceDays(seed, traits, at, (traits.racesEvery ?? 0) + 1)[0];
  return latest === undefined ? null : formattedRating(seed, traits.id, ratingOn(seed, traits, latest));
}

/** The `race` object at `at` (project ms); `null` for a rider who never races. */
function raceOf(seed: number, traits: Traits, at: number) {
  const latest = raceDays(seed, traits, at, (traits.racesEvery ?? 0) + 1)[0];
  if (latest === undefined) return null;

  const ratingOf = (day: number) => formattedRating(seed, traits.id, ratingOn(seed, traits, day));
  const ratingAfter = (day: number) => {
    const rating = ratingOf(day);
    const womens = traits.gender === 'F' ? { womens: rung(rating + 250) } : {};
    return { rating, date: toSeconds(startOfDay(seed, traits.id, day)), mixed: rung(rating), ...womens };
  };
  const best = (days: number) => {
    const expires = toSeconds(startOfDay(seed, traits.id, latest) + days * DAY);
    const raced = raceDays(seed, traits, at, days).map((day) => [day, ratingOf(day)] as const);
    const [first] = raced.toSorted(([, a], [, b]) => b - a);
    return first ? { ...ratingAfter(first[0]), expires } : { rating: 0, expires };
  };
  const finishes = raceDays(seed, traits, at, 90).length;
  const podiums = Math.floor(finishes * draw(seed, 'podiums', traits.id) * 0.4);
  return {
    last: ratingAfter(latest),
    current: ratingAfter(latest),
    max30: best(30),
    max90: best(90),
    finishes,
    dnfs: Math.floor(finishes * draw(seed, 'dnfs', traits.id) * 0.2),
    wins: Math.floor(podiums * draw(seed, 'wins', traits.id)),
    podiums,
  };
}

const categoryOf = (threshold: number): string => {
  if (threshold >= 4.7) return 'A+';
  if (threshold >= 4.2) return 'A';
  if (threshold >= 3.4) return 'B';
  return threshold >= 2.6 ? 'C' : 'D';
};

/** The rider object at `at` (project ms), the same in every endpoint. The id must be valid. */
export function riderAt(seed: number, membership: ClubMembership, id: number, at: number) {
  const traits = traitsOf(seed, id);
  const day = dayOf(seed, id, at);
  const weight = weightOn(seed, traits, day);
  const threshold = thresholdOn(seed, traits, day);
  const rating = currentRating(seed, traits, at);
  return {
    riderId: id,
    name: traits.name,
    gender: traits.gender,
    country: traits.country,
    age: traits.age,
    height: traits.height,
    weight,
    zpCategory: categoryOf(threshold),
    zpFTP: Math.round(threshold * weight),
    power: powerOf({ threshold, weight, punch: traits.punch }),
    race: raceOf(seed, traits, at),
    handicaps: handicapsOf(seed, id),
    phenotype: phenotypeOf(seed, id),
    club: membership.clubOf(id, at),
    // Upstream sends its newer fields only for some riders.
    ...(draw(seed, 'newer answer', id) < 0.5 ? { seed: traits.skill * 1000, velo: rating ?? 0 } : {}),
  };
}

/** The shorter rider object in the signups of an event. `power` and `phenotype` can be null. */
export function signupAt(seed: number, membership: ClubMembership, id: number, at: number) {
  const rider = riderAt(seed, membership, id, at);
  const { race } = rider;
  return {
    riderId: id,
    name: rider.name,
    country: rider.country,
    weight: rider.weight,
    height: rider.height,
    power: draw(seed, 'no power', id) < 0.1 ? null : rider.power,
    race: {
      rating: race?.current.rating ?? null,
      finishes: race?.finishes ?? 0,
      wins: race?.wins ?? 0,
      podiums: race?.podiums ?? 0,
      dnfs: race?.dnfs ?? 0,
      max30: race?.max30.rating ?? null,
    },
    club: rider.club,
    phenotype: draw(seed, 'no phenotype', id) < 0.1 ? null : rider.phenotype,
  };
}

/** Best efforts: seconds, then multiples of the threshold for a climber and for a sprinter. */
const efforts = [
  [5, 2.6, 3.9],
  [15, 2.4, 3.5],
  [30, 2.0, 2.6],
  [60, 1.6, 1.9],
  [120, 1.3, 1.4],
  [300, 1.15, 1.18],
  [1200, 1.02, 1.04],
] as const;

/** Rounds to `digits` decimals. */
export const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

/** Best efforts in watts and W/kg, and the critical-power model. `threshold`: W/kg; `punch`: climber (0) to sprinter (1) */
function powerOf({ threshold, weight, punch }: { threshold: number; weight: number; punch: number }) {
  const watts = efforts.map(([seconds, climber, sprinter]) => {
    const multiple = between(punch, climber, sprinter);
    return [seconds, Math.round(multiple * threshold * weight)] as const;
  });
  const compoundScore = threshold * weight * between(punch, 4, 6);
  return {
    ...Object.fromEntries(watts.map(([seconds, w]) => [`wkg${seconds}`, rounded(w / weight, 4)])),
    ...Object.fromEntries(watts.map(([seconds, w]) => [`w${seconds}`, w])),
    CP: threshold * weight * 1.02,
    AWC: between(punch, 9_000, 28_000),
    compoundScore,
    powerRating: compoundScore,
  };
}

const labels = ['Sprinter', 'Puncheur', 'Pursuiter', 'Climber', 'Time Trialist'] as const;

/** A rider's `phenotype`: five scores, the label of the highest, and by how much it exceeds the average. */
function phenotypeOf(seed: number, id: number) {
  const scores = labels.map((label) => rounded(between(draw(seed, label, id), 55, 100), 1));
  const [sprinter, puncheur, pursuiter, climber, tt] = scores;
  const highest = Math.max(...scores);
  const bias = highest - scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const value = bias < 12 ? 'All-Rounder' : labels[scores.indexOf(highest)];
  return { scores: { sprinter, puncheur, pursuiter, climber, tt }, value, bias };
}

/** Seconds gained or lost against the field, by route profile. */
function handicapsOf(seed: number, id: number) {
  const handicap = (profile: string) => between(draw(seed, profile, id), -160, 160);
  const [flat, rolling, hilly] = [handicap('flat'), handicap('rolling'), handicap('hilly')];
  return { profile: { flat, rolling, hilly, mountainous: handicap('mountainous') } };
}
