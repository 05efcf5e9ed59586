import { z } from 'zod';
import { numericId, optional, optionalNumber, optionalText, rating } from './fields.ts';
import { type ReadItems, readAs, readEach } from './read.ts';

const standing = optional({ rating });

const schema = z
  .object({
    riderId: numericId,
    name: z.string(),
    gender: optionalText,
    country: optionalText,
    age: optionalText,
    height: optionalNumber,
    weight: optionalNumber,
    zpCategory: optionalText,
    zpFTP: optionalNumber,
    race: optional({ current: standing, max30: standing, max90: standing }),
    phenotype: optional({ value: optionalText }),
    club: optional({ id: numericId, name: optionalText }),
  })
  .transform(({ height, weight, zpFTP, race, phenotype, ...rider }) => ({
    ...rider,
    heightCm: height,
    weightKg: weight,
    zpFtp: zpFTP,
    rating: race?.current?.rating ?? null,
    ratingMax30: race?.max30?.rating ?? null,
    ratingMax90: race?.max90?.rating ?? null,
    phenotype: phenotype?.value ?? null,
  }));

/** A rider: the same object whether asked for alone, in bulk or by club. `null` where upstream says nothing. */
export type Rider = z.output<typeof schema>;

export interface RiderItem {
  readonly rider: Rider;
  /** Upstream's own words. */
  readonly raw: unknown;
}

export const readRider = (raw: unknown): RiderItem => ({ rider: readAs(schema, raw), raw });

export const readRiders = (json: unknown): ReadItems<RiderItem> =>
  readEach(readAs(z.array(z.unknown()), json), readRider, ({ rider }) => rider.riderId);
