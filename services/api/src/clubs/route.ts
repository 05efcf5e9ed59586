import { z } from '@hono/zod-openapi';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq } from 'drizzle-orm';
import { defineList, keyId, listOf, type PageOf, pageOf, pageQuery, rowsOf } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { type ClubRow, clubShape, clubView } from './view.ts';

const { clubs, clubMemberships: memberships } = tables;

const clubList = defineList('clubs', 'asc', { clubId: clubs.clubId }, [keyId]);

function listClubs(db: Database, page: PageOf<typeof clubList>): Promise<ClubRow[]> {
  const isMember = and(eq(memberships.clubId, clubs.clubId), eq(memberships.current, true));
  const query = db
    .select({
      clubId: clubs.clubId,
      name: clubs.name,
      fetchedAt: clubs.fetchedAt,
      members: db.$count(memberships, isMember),
    })
    .from(clubs);
  return rowsOf(query.$dynamic(), clubList, page);
}

const list = route('get', '/v1/clubs', 'listClubs', {
  tags: ['riders'],
  summary: 'The clubs that were synced, by their id, each with the age of its data',
  request: { query: z.object(pageQuery(clubList)) },
  responses: { 200: jsonOf('A page of clubs', listOf(clubShape)), ...problems(400, 401, 503) },
});

export const clubRoutes: AddRoutes = (app, { db, clock }) => {
  app.openapi(list, async (c) => {
    const page = c.req.valid('query');
    const rows = await listClubs(db, page);
    return c.json(pageOf(clubList, rows, page.limit, clubView(clock.now())), 200);
  });
};
