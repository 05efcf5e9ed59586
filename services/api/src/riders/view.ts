import { z } from '@hono/zod-openapi';
import { readEfforts, readRace } from '@paceline/shared/zwiftracing/profile';
import { ageSeconds, iso, isoOrNull, isoTimes, type RowOf, time } from '../http/view.ts';

export const maxTrendPoints = 14;

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
    category: z.string().nullable().describe('Category of the rating, for example "Diamond"'),
    races: z
      .object({
        finishes: z.int(),
        wins: z.int(),
        podiums: z.int(),
        dnfs: z.int(),
        lastAt: time.nullable().describe('Start of the last rated race; null: unknown'),
      })
      .nullable()
      .describe('Race record as upstream counts it; null: never raced, or unknown'),
    phenotype: z.string().nullable(),
    club: z.object({ clubId: z.int(), name: z.string().nullable() }).nullable(),
    firstSeenAt: time,
    fetchedAt: time,
    ageSeconds: z.int().describe('Seconds since `fetchedAt`'),
    ratingTrend: z
      .array(z.object({ at: time, rating: z.number() }))
      .max(maxTrendPoints)
      .optional()
      .describe(
        `With \`include=trend\`: the rating over 90 days, about one point a week, max ${maxTrendPoints}, oldest first`,
      ),
  })
  .openapi('Rider');
type RiderView = z.infer<typeof riderShape>;

const { ratingTrend: _, ...listedFields } = riderShape.shape;

export const riderDetailShape = z
  .object({
    ...listedFields,
    clubs: z
      .array(
        z.object({
          clubId: z.int(),
          name: z.string().nullable(),
          joinedAt: time.describe('When the club first listed the rider'),
          leftAt: time.nullable().describe('When the club last listed the rider; null: still a member'),
          current: z.boolean(),
        }),
      )
      .describe('Our clubs that the rider is or was a member of, latest first'),
    power: z
      .array(
        z.object({
          name: z.string().describe('Duration of the effort, for example "5 min"'),
          seconds: z.int(),
          watts: z.number(),
          perKg: z.number().nullable().describe('W/kg'),
        }),
      )
      .describe('Best efforts, shortest first'),
    raw: z.unknown().describe('The unchanged response from upstream: power curve, handicaps, race record'),
  })
  .openapi('RiderDetail');
export type RiderDetailView = z.infer<typeof riderDetailShape>;

type Derived = 'ageGroup' | 'category' | 'races' | 'club' | 'ageSeconds' | 'ratingTrend';
export interface RiderRow extends Omit<RowOf<RiderView, 'firstSeenAt' | 'fetchedAt'>, Derived> {
  readonly age: string | null;
  readonly clubId: number | null;
  readonly clubName: string | null;
  /** The part of upstream's response about races. */
  readonly race: unknown;
}

export const riderView =
  (now: number) =>
  (row: RiderRow): RiderView => {
    const { age, clubId, clubName, race, ...rider } = row;
    const { category, races } = readRace(race);
    return {
      ...rider,
      category,
      races: races && { ...races, lastAt: isoOrNull(races.lastAt) },
      ageGroup: age,
      club: clubId === null ? null : { clubId, name: clubName },
      ...isoTimes(row, 'firstSeenAt', 'fetchedAt'),
      ageSeconds: ageSeconds(row.fetchedAt, now),
    };
  };

export const trendView = (points: ReadonlyArray<{ readonly at: number; readonly rating: number }>) =>
  points.map(({ at, rating }) => ({ at: iso(at), rating }));

export interface MembershipRow {
  readonly clubId: number;
  readonly name: string | null;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly current: boolean;
}

/** A rider's time in a club. */
export const membershipView = ({
  firstSeenAt,
  lastSeenAt,
  current,
}: Omit<MembershipRow, 'clubId' | 'name'>) => ({
  joinedAt: iso(firstSeenAt),
  leftAt: current ? null : iso(lastSeenAt),
  current,
});

export interface RiderDetailRow extends RiderRow {
  readonly raw: unknown;
  readonly clubs: readonly MembershipRow[];
}

export const riderDetailView = (row: RiderDetailRow, now: number): RiderDetailView => {
  const { raw, clubs, ...rider } = row;
  return {
    ...riderView(now)(rider),
    clubs: clubs.map(({ clubId, name, ...time }) => ({ clubId, name, ...membershipView(time) })),
    power: readEfforts(raw),
    raw,
  };
};

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
