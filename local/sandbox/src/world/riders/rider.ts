import { draw } from '../../random.ts';
import type { Membership } from '../clubs.ts';
import { dayOf, thresholdOn, weightOn } from './form.ts';
import { handicapsOf, phenotypeOf, powerOf } from './power.ts';
import { currentRating, raceOf } from './race.ts';
import { traitsOf } from './traits.ts';

const categoryOf = (threshold: number): string => {
  if (threshold >= 4.7) return 'A+';
  if (threshold >= 4.2) return 'A';
  if (threshold >= 3.4) return 'B';
  return threshold >= 2.6 ? 'C' : 'D';
};

/**
 * The rider object as upstream tells it at `at` (project ms): the same whether asked for alone, in bulk or by club.
 * The id must be a rider's.
 */
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
