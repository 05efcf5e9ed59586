import { z } from '@hono/zod-openapi';
import { ageSeconds, isoTimes, type RowOf, time } from '../http/view.ts';
import { tables } from '@paceline/shared/database';
import { and, eq } from 'drizzle-orm';
import { defineList, keyId, listOf, pageQuery, readPage } from '../http/params.ts';
import { jsonResponses, endpoint } from '../http/route.ts';

const clubShape = z
  .object({
    clubId: z.int(),
    name: z.string(),
    members: z.int().describe('Number of members; list them with `/v1/riders?clubId=…`'),
    fetchedAt: time.describe('When its members were last fetched completely'),
    ageSeconds: z.int().describe('Seconds since `fetchedAt`'),
  })
  .openapi('Club');
type ClubRow = Omit<RowOf<z.infer<typeof clubShape>, 'fetchedAt'>, 'ageSeconds'>;

const clubView = (now: number) => (club: ClubRow) => ({
  ...club,
  ...isoTimes(club, 'fetchedAt'),
  ageSeconds: ageSeconds(club.fetchedAt, now),
});

const { clubs, clubMemberships: memberships } = tables;

const clubList = defineList('clubs', 'asc', { clubId: clubs.clubId }, [keyId]);

export const clubRoutes = [
  endpoint('get', '/v1/clubs', 'listClubs', {
    tags: ['riders'],
    summary: 'List clubs by id, each with the age of its data',
    request: { query: z.object(pageQuery(clubList)) },
    responses: jsonResponses('A page of clubs', listOf(clubShape), 400),
    handler: async (c, { db, clock }) => {
      const { clubId, name, fetchedAt } = clubs;
      const isMember = and(eq(memberships.clubId, clubId), eq(memberships.current, true));
      const columns = { clubId, name, fetchedAt, members: db.$count(memberships, isMember) };
      const all = db.select(columns).from(clubs).$dynamic();
      return c.json(await readPage(all, clubList, c.req.valid('query'), clubView(clock.now())), 200);
    },
  }),
];
