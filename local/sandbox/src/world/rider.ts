import { between, draw } from '../random.ts';
import type { Membership } from './clubs.ts';
import { currentRating, dayOf, raceOf, thresholdOn, traitsOf, weightOn } from './form.ts';

const categoryOf = (threshold: number): string => {
  if (threshold >= 4.7) return 'A+';
  if (threshold >= 4.2) return 'A';
  if (threshold >= 3.4) return 'B';
  return threshold >= 2.6 ? 'C' : 'D';
};

/** The rider object at `at` (project ms), the same in every endpoint. The id must be a rider's. */
export function riderAt(seed: number, membership: Membership, id: number, at: number) {
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
    club: membership.clubOf(id),
    // Only some answers carry what upstream added lately.
    ...(draw(seed, 'newer answer', id) < 0.5 ? { seed: traits.skill * 1000, velo: rating ?? 0 } : {}),
  };
}

/** The shorter object that stands for a rider in the signups of an event. `power` and `phenotype` may be unknown. */
export function signupAt(seed: number, membership: Membership, id: number, at: number) {
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

/** Best efforts as multiples of the threshold, by seconds: what a climber and what a sprinter can hold. */
const efforts = [
  [5, 2.6, 3.9],
  [15, 2.4, 3.5],
  [30, 2.0, 2.6],
  [60, 1.6, 1.9],
  [120, 1.3, 1.4],
  [300, 1.15, 1.18],
  [1200, 1.02, 1.04],
] as const;

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

/** Best efforts in watts and W/kg, and the critical-power model. `threshold`: W/kg; `punch`: climber (0) to sprinter (1) */
export function powerOf({ threshold, weight, punch }: { threshold: number; weight: number; punch: number }) {
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

/** A rider's `phenotype`: five scores, the label of the highest (or none stands out), and by how much. */
export function phenotypeOf(seed: number, id: number) {
  const scores = labels.map((label) => rounded(between(draw(seed, label, id), 55, 100), 1));
  const [sprinter, puncheur, pursuiter, climber, tt] = scores;
  const highest = Math.max(...scores);
  const bias = highest - scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const value = bias < 12 ? 'All-Rounder' : labels[scores.indexOf(highest)];
  return { scores: { sprinter, puncheur, pursuiter, climber, tt }, value, bias };
}

/** Seconds gained or lost against the field by kind of route. */
export function handicapsOf(seed: number, id: number) {
  const handicap = (profile: string) => between(draw(seed, profile, id), -160, 160);
  const [flat, rolling, hilly] = [handicap('flat'), handicap('rolling'), handicap('hilly')];
  return { profile: { flat, rolling, hilly, mountainous: handicap('mountainous') } };
}
