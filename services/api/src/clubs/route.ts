import { z } from '@hono/zod-openapi';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { nextSlots, type RefreshPlan } from '../events/freshness.ts';
import { countedListOf, flagParam, idParam, ifFlag, keyId, pageOf, readRows } from '../http/params.ts';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { keyAnyText, pageOfList, sortable } from '../http/sort.ts';
import { byName, race } from '../riders/find.ts';
import { clubMemberShape, clubMemberView, clubShape, clubView } from './view.ts';

const { clubs, clubMemberships: memberships, riders } = tables;
const tags = ['riders'];
const params = z.object({ clubId: idParam().openapi({ example: 20650 }) });
const monthMs = 30 * 86_400_000;

const members = sql<number>`coalesce(counts.members, 0)`;
const byId = { field: 'clubId', column: clubs.clubId, key: keyId } as const;
const clubSorts = sortable('clubs', byId, {
  clubId: byId,
  name: { field: 'name', column: sql`${clubs.name} collate "und-x-icu"`, key: keyAnyText },
  members: { field: 'members', column: members, key: z.int() },
});

/** Members of the first day were members before we knew the club. A large club takes hours to fetch. */
const countsSince = (since: string): SQL => sql`(
  select club_id,
    count(*) filter (where current)::integer as members,
    count(*) filter (where first_seen_at > greatest(known_since + interval '1 day', ${since}::timestamptz))::integer
      as joined,
    count(*) filter (where not current and last_seen_at > ${since})::integer as gone
  from (select *, min(first_seen_at) over (partition by club_id) as known_since from ${memberships}) as membership
  group by club_id) as counts`;

const selectClubs = (db: Database, now: number) =>
  db
    .select({
      clubId: clubs.clubId,
      name: clubs.name,
      fetchedAt: clubs.fetchedAt,
      members,
      joined30: sql<number>`coalesce(counts.joined, 0)`,
      left30: sql<number>`coalesce(counts.gone, 0)`,
    })
    .from(clubs)
    .leftJoin(countsSince(new Date(now - monthMs).toISOString()), sql`counts.club_id = ${clubs.clubId}`)
    .$dynamic();

const viewOf = (plan: RefreshPlan) =>
  clubView(plan.now, nextSlots('rider', plan.now, plan.schedule)[0] ?? null);

const byRiderId = { field: 'riderId', column: memberships.riderId, key: keyId } as const;
const memberList = sortable('members', byRiderId, { name: byName });

export const clubRoutes = [
  endpoint('get', '/v1/clubs', 'listClubs', {
    tags,
    summary: 'List clubs, each with the age of its data',
    request: { query: z.object(clubSorts.query) },
    responses: jsonResponses('A page of clubs', countedListOf(clubShape), 400),
    handler: async (c, { db, refreshPlan }) => {
      const { sort, order, ...query } = c.req.valid('query');
      const list = clubSorts.listBy(sort, order);
      const page = pageOfList(list, query);
      const plan = await refreshPlan();
      const [rows, total] = await Promise.all([
        readRows(selectClubs(db, plan.now), list, page),
        db.$count(clubs),
      ]);
      return c.json({ ...pageOf(list, rows, page.limit, viewOf(plan)), total }, 200);
    },
  }),

  endpoint('get', '/v1/clubs/{clubId}', 'getClub', {
    tags,
    summary: 'Get a club',
    request: { params },
    responses: jsonResponses('The club', clubShape, 400, 404),
    handler: async (c, { db, refreshPlan }) => {
      const { clubId } = c.req.valid('param');
      const plan = await refreshPlan();
      const [club] = await selectClubs(db, plan.now).where(eq(clubs.clubId, clubId));
      return c.json(viewOf(plan)(requireFound(club, notStored(clubId))), 200);
    },
  }),

  endpoint('get', '/v1/clubs/{clubId}/members', 'listClubMembers', {
    tags,
    summary: 'List the current and former members of a club by name',
    request: {
      params,
      query: z.object({
        current: flagParam('true: only current members; false: only former ones'),
        limit: memberList.query.limit,
        cursor: memberList.query.cursor,
      }),
    },
    responses: jsonResponses('A page of members', countedListOf(clubMemberShape), 400, 404),
    handler: async (c, { db }) => {
      const { clubId } = c.req.valid('param');
      const { current, ...query } = c.req.valid('query');
      const list = memberList.listBy('name', 'asc');
      const page = pageOfList(list, query);
      const { riderId, firstSeenAt, lastSeenAt } = memberships;
      const { name, rating } = riders;
      const columns = { riderId, name, rating, race, firstSeenAt, lastSeenAt, current: memberships.current };
      const where = and(eq(memberships.clubId, clubId), ifFlag(current, sql`${memberships.current}`));
      const all = db
        .select(columns)
        .from(memberships)
        .innerJoin(riders, eq(riders.riderId, riderId))
        .$dynamic();
      const [known, rows, total] = await Promise.all([
        db.$count(clubs, eq(clubs.clubId, clubId)),
        readRows(all, list, page, where),
        db.$count(memberships, where),
      ]);
      requireFound(known === 0 ? undefined : known, notStored(clubId));
      return c.json({ ...pageOf(list, rows, page.limit, clubMemberView), total }, 200);
    },
  }),
];

const notStored = (clubId: number) => `Club ${clubId} is not stored`;
