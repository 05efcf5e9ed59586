import { z } from '@hono/zod-openapi';
import { ageSeconds, isoTimes, type RowOf, time } from '../http/view.ts';

export const clubShape = z
  .object({
    clubId: z.int(),
    name: z.string(),
    members: z.int().describe('As the last pages of it showed them; who they are: `/v1/riders?clubId=…`'),
    fetchedAt: time.describe('When the last page of a whole pass over it was stored'),
    ageSeconds: z.int().describe('Seconds since then'),
  })
  .openapi('Club');
type ClubView = z.infer<typeof clubShape>;
export type ClubRow = Omit<RowOf<ClubView, 'fetchedAt'>, 'ageSeconds'>;

export const clubView =
  (now: number) =>
  (club: ClubRow): ClubView => ({
    ...club,
    ...isoTimes(club, 'fetchedAt'),
    ageSeconds: ageSeconds(club.fetchedAt, now),
  });
