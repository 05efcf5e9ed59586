import { z } from '@hono/zod-openapi';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq, gte, notExists } from 'drizzle-orm';
import {
  columnsExcept,
  contains,
  countedListOf,
  defineList,
  idParam,
  keyId,
  keyTime,
  listOf,
  oneOf,
  pageOf,
  pageQuery,
  readPage,
  readRows,
  searchParam,
  timeParam,
} from '../http/params.ts';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { keyNumber, pageOfList, sortable } from '../http/sort.ts';
import { byName, listed } from './find.ts';
import { findTrends } from './trend.ts';
import {
  riderChangeShape,
  riderChangeView,
  riderDetailShape,
  riderDetailView,
  riderShape,
  riderView,
  trendView,
} from './view.ts';

const { riders, riderHistory, clubMemberships } = tables;
const tags = ['riders'];
export const params = z.object({ riderId: idParam().openapi({ example: 4500001 }) });
export const notStored = (riderId: number) => `Rider ${riderId} is not stored`;

const byId = { field: 'riderId', column: riders.riderId, key: keyId } as const;
const riderSorts = sortable('riders', byId, {
  riderId: byId,
  name: byName,
  rating: { field: 'rating', column: riders.rating, key: keyNumber },
  weight: { field: 'weightKg', column: riders.weightKg, key: keyNumber },
  ftp: { field: 'zpFtp', column: riders.zpFtp, key: keyNumber },
  fetchedAt: { field: 'fetchedAt', column: riders.fetchedAt, key: keyTime },
});
const changeList = defineList('rider-history', 'desc', { recordedAt: riderHistory.recordedAt }, [keyTime]);

/** A rider's own record names the club. That a rider has left is only known from the club's member pages. */
function memberOf(db: Database, clubId: number) {
  const { clubId: club, riderId, current } = clubMemberships;
  const hasLeft = and(eq(club, clubId), eq(riderId, riders.riderId), eq(current, false));
  return and(
    eq(riders.clubId, clubId),
    notExists(db.select({ riderId }).from(clubMemberships).where(hasLeft)),
  );
}

export const riderRoutes = [
  endpoint('get', '/v1/riders', 'listRiders', {
    tags,
    summary: 'List riders, each with the age of its data',
    request: {
      query: z.object({
        clubId: idParam().optional().openapi({ description: 'Only riders of this club', example: 20650 }),
        q: searchParam('Part of the name, case-insensitive', 'Andersen'),
        include: oneOf(['trend'])
          .optional()
          .openapi({ description: 'trend: each rider with its `ratingTrend`' }),
        ...riderSorts.query,
      }),
    },
    responses: jsonResponses('A page of riders', countedListOf(riderShape), 400),
    handler: async (c, { db, clock }) => {
      const { clubId, q, include, sort, order, ...query } = c.req.valid('query');
      const list = riderSorts.listBy(sort, order);
      const where = and(clubId === undefined ? undefined : memberOf(db, clubId), contains(riders.name, q));
      const all = db.select(listed).from(riders).$dynamic();
      const now = clock.now();
      const [rows, total] = await Promise.all([
        readRows(all, list, pageOfList(list, query), where),
        db.$count(riders, where),
      ]);
      const view = riderView(now);
      if (include === undefined) return c.json({ ...pageOf(list, rows, query.limit, view), total }, 200);
      const trendOf = await findTrends(db, rows, now);
      const withTrend = (row: (typeof rows)[number]) => ({
        ...view(row),
        ratingTrend: trendView(trendOf(row)),
      });
      return c.json({ ...pageOf(list, rows, query.limit, withTrend), total }, 200);
    },
  }),

  endpoint('get', '/v1/riders/{riderId}', 'getRider', {
    tags,
    summary: 'Get a rider, with all data from upstream',
    request: { params },
    responses: jsonResponses('The rider', riderDetailShape, 400, 404),
    handler: async (c, { clock, findRider }) => {
      const { riderId } = c.req.valid('param');
      const detail = `${notStored(riderId)}; fetch it with POST /v1/riders`;
      return c.json(riderDetailView(requireFound(await findRider(riderId), detail), clock.now()), 200);
    },
  }),

  endpoint('get', '/v1/riders/{riderId}/history', 'listRiderHistory', {
    tags,
    summary: 'Rider history, newest first: one item per change',
    request: {
      params,
      query: z.object({
        since: timeParam.optional().openapi({ description: 'Only changes since this time' }),
        ...pageQuery(changeList),
      }),
    },
    responses: jsonResponses('A page of changes', listOf(riderChangeShape), 400, 404),
    handler: async (c, { db, findRider }) => {
      const { riderId } = c.req.valid('param');
      const { since, ...page } = c.req.valid('query');
      requireFound(await findRider(riderId), notStored(riderId));
      const all = db.select(columnsExcept(riderHistory, 'riderId')).from(riderHistory).$dynamic();
      const where = and(
        eq(riderHistory.riderId, riderId),
        since === undefined ? undefined : gte(riderHistory.recordedAt, Date.parse(since)),
      );
      return c.json(await readPage(all, changeList, page, riderChangeView, where), 200);
    },
  }),
];
