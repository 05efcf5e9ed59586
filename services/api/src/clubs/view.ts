import { z } from '@hono/zod-openapi';
import { readRace } from '@paceline/shared/zwiftracing/profile';
import { ageSeconds, isoOrNull, isoTimes, type RowOf, time } from '../http/view.ts';
import { membershipView } from '../riders/view.ts';

export const clubShape = z
  .object({
    clubId: z.int(),
    name: z.string(),
    members: z.int().describe('Number of members; list them with `/v1/clubs/{clubId}/members`'),
    joined30: z
      .int()
      .describe("Members who joined in the last 30 days; those of the club's first day with us do not count"),
    left30: z.int().describe('Members who left in the last 30 days'),
    fetchedAt: time.describe('When its members were last fetched completely'),
    ageSeconds: z.int().describe('Seconds since `fetchedAt`'),
    nextRefreshAt: time
      .nullable()
      .describe(
        'When the next slot of the rider sync opens; null: none is planned, or the schedule is not known',
      ),
  })
  .openapi('Club');
type ClubView = z.infer<typeof clubShape>;
type ClubRow = Omit<RowOf<ClubView, 'fetchedAt'>, 'ageSeconds' | 'nextRefreshAt'>;

export const clubView =
  (now: number, nextRefreshAt: number | null) =>
  (club: ClubRow): ClubView => ({
    ...club,
    ...isoTimes(club, 'fetchedAt'),
    ageSeconds: ageSeconds(club.fetchedAt, now),
    nextRefreshAt: isoOrNull(nextRefreshAt),
  });

export const clubMemberShape = z
  .object({
    riderId: z.int(),
    name: z.string(),
    joinedAt: time.describe('When the club first listed the rider'),
    leftAt: time.nullable().describe('When the club last listed the rider; null: still a member'),
    current: z.boolean(),
    rating: z.number().nullable(),
    category: z.string().nullable().describe('Category of the rating, for example "Diamond"'),
  })
  .openapi('ClubMember');
type ClubMemberView = z.infer<typeof clubMemberShape>;

export interface ClubMemberRow {
  readonly riderId: number;
  readonly name: string;
  readonly rating: number | null;
  readonly race: unknown;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly current: boolean;
}

export const clubMemberView = ({ riderId, name, rating, race, ...time }: ClubMemberRow): ClubMemberView => ({
  riderId,
  name,
  rating,
  category: readRace(race).category,
  ...membershipView(time),
});
