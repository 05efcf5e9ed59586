import { z } from '@hono/zod-openapi';
import { ageSeconds, isoTimes, type RowOf, time } from '../http/view.ts';

export const riderShape = z
  .object({
    riderId: z.int(),
    name: z.string(),
    gender: z.string().nullable(),
    country: z.string().nullable(),
    ageGroup: z.string().nullable().describe('For example "Mas" or "50+"'),
    heightCm: z.number().nullable(),
    weightKg: z.number().nullable(),
    zpCategory: z.string().nullable(),
    zpFtp: z.number().nullable(),
    rating: z.number().nullable(),
    ratingMax30: z.number().nullable(),
    ratingMax90: z.number().nullable(),
    phenotype: z.string().nullable(),
    club: z.object({ clubId: z.int(), name: z.string().nullable() }).nullable(),
    firstSeenAt: time,
    fetchedAt: time,
    ageSeconds: z.int().describe('Seconds since `fetchedAt`'),
  })
  .openapi('Rider');
type RiderView = z.infer<typeof riderShape>;

export const riderDetailShape = z
  .object({
    ...riderShape.shape,
    raw: z.unknown().describe('The unchanged response from upstream: power curve, handicaps, race record'),
  })
  .openapi('RiderDetail');
export type RiderDetailView = z.infer<typeof riderDetailShape>;

export interface RiderRow extends Omit<
  RowOf<RiderView, 'firstSeenAt' | 'fetchedAt'>,
  'ageGroup' | 'club' | 'ageSeconds'
> {
  readonly age: string | null;
  readonly clubId: number | null;
  readonly clubName: string | null;
}

export const riderView =
  (now: number) =>
  (row: RiderRow): RiderView => {
    const { age, clubId, clubName, ...rider } = row;
    return {
      ...rider,
      ageGroup: age,
      club: clubId === null ? null : { clubId, name: clubName },
      ...isoTimes(row, 'firstSeenAt', 'fetchedAt'),
      ageSeconds: ageSeconds(row.fetchedAt, now),
    };
  };

export const riderDetailView = (row: RiderRow & { raw: unknown }, now: number): RiderDetailView => ({
  ...riderView(now)(row),
  raw: row.raw,
});

export const riderChangeShape = z
  .object({
    recordedAt: time.describe('When the change was first fetched'),
    rating: z.number().nullable(),
    weightKg: z.number().nullable(),
    zpFtp: z.number().nullable(),
    raw: z.unknown().describe('The unchanged response from upstream'),
  })
  .openapi('RiderChange');
type RiderChangeView = z.infer<typeof riderChangeShape>;
export type RiderChangeRow = RowOf<RiderChangeView, 'recordedAt'>;

export const riderChangeView = (row: RiderChangeRow): RiderChangeView => ({
  ...row,
  ...isoTimes(row, 'recordedAt'),
});
