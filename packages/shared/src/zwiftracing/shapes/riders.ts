import { z } from 'zod';
import {
  numericId,
  optional,
  optionalNumber,
  optionalText,
  rating,
  readAs,
  readEach,
  type ReadItems,
  type Skipped,
} from './fields.ts';

const rated = optional({ rating });

const riderShape = z
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
    race: optional({ current: rated, max30: rated, max90: rated }),
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
export type Rider = z.output<typeof riderShape>;

export interface RiderItem {
  readonly rider: Rider;
  /** Upstream's own words. */
  readonly raw: unknown;
}

export const readRider = (raw: unknown): RiderItem => ({ rider: readAs(riderShape, raw), raw });

export const readRiders = (json: unknown): ReadItems<RiderItem> =>
  readEach(readAs(z.array(z.unknown()), json), readRider, ({ rider }) => rider.riderId);

/** A page holds at most so many riders; a shorter one is the last. */
export const fullPage = 1_000;

export interface ClubPage {
  readonly clubId: number;
  readonly name: string;
  /** Ascending by id, as upstream sends them. */
  readonly riders: readonly RiderItem[];
  readonly skipped: readonly Skipped[];
  /** How many riders the page held, those that could not be read among them. */
  readonly length: number;
}

const clubShape = z.object({ clubId: numericId, name: z.string(), riders: z.array(z.unknown()) });

export function readClubPage(json: unknown): ClubPage {
  const { clubId, name, riders: list } = readAs(clubShape, json);
  const { items: riders, skipped } = readRiders(list);
  return { clubId, name, riders, skipped, length: list.length };
}
