import { between, draw, pick } from '../../random.ts';
import { nameOf } from '../names.ts';

/** What never changes about a rider. */
export interface Traits {
  readonly id: number;
  readonly name: string;
  readonly gender: 'M' | 'F';
  readonly country: string;
  readonly age: string;
  readonly height: number;
  /** How strong the rider is among all, in [0, 1). */
  readonly skill: number;
  /** From pure climber (0) to pure sprinter (1). */
  readonly punch: number;
  /** Days from one race to the next; `null` for those who never race. */
  readonly racesEvery: number | null;
}

const countries = ['nl', 'be', 'se', 'gb', 'us', 'de', 'fr', 'it', 'es', 'jp', 'no', 'pl'] as const;
const ages = ['Snr', 'Snr', 'Mas', 'Mas', 'Vet', '50+', '60+', '-'] as const;

/** How strong a rider is: asked for alone by everything that only has to sort riders. */
export const skillOf = (seed: number, id: number): number => draw(seed, 'skill', id);

export function traitsOf(seed: number, id: number): Traits {
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
    punch: draw(seed, 'punch', id),
    racesEvery: eagerness < 0.15 ? null : 2 + Math.floor(118 * ((eagerness - 0.15) / 0.85) ** 2),
  };
}
