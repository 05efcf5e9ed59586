import { z } from 'zod';
import { ageSeconds, iso } from './times.ts';

/** A rider as the lists show it. */
export const riderShape = z.object({
  riderId: z.int(),
  name: z.string(),
  gender: z.string().nullable(),
  country: z.string().nullable(),
  ageGroup: z.string().nullable().describe('A bucket such as "Mas" or "50+"'),
  heightCm: z.number().nullable(),
  weightKg: z.number().nullable(),
  zpCategory: z.string().nullable(),
  zpFtp: z.number().nullable(),
  rating: z.number().nullable(),
  ratingMax30: z.number().nullable(),
  ratingMax90: z.number().nullable(),
  phenotype: z.string().nullable(),
  club: z.object({ clubId: z.int(), name: z.string().nullable() }).nullable(),
  firstSeenAt: z.iso.datetime(),
  fetchedAt: z.iso.datetime(),
  ageSeconds: z.int().describe('Seconds since it was fetched'),
});
export type RiderView = z.infer<typeof riderShape>;

export const riderDetailShape = riderShape.extend({
  raw: z.unknown().describe("Upstream's answer as it came: power curve, handicaps, race record"),
});
export type RiderDetailView = z.infer<typeof riderDetailShape>;

export interface RiderRow extends Omit<
  RiderView,
  'ageGroup' | 'club' | 'firstSeenAt' | 'fetchedAt' | 'ageSeconds'
> {
  readonly age: string | null;
  readonly clubId: number | null;
  readonly clubName: string | null;
  readonly firstSeenAt: number;
  readonly fetchedAt: number;
}

export function riderView(row: RiderRow, now: number): RiderView {
  const { age, clubId, clubName, firstSeenAt, fetchedAt, ...rider } = row;
  return {
    ...rider,
    ageGroup: age,
    club: clubId === null ? null : { clubId, name: clubName },
    firstSeenAt: iso(firstSeenAt),
    fetchedAt: iso(fetchedAt),
    ageSeconds: ageSeconds(fetchedAt, now),
  };
}

export const riderDetailView = (
  { raw, ...row }: RiderRow & { raw: unknown },
  now: number,
): RiderDetailView => ({
  ...riderView(row, now),
  raw,
});
