import { z } from '@hono/zod-openapi';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq, ilike, notExists } from 'drizzle-orm';
import {
  columnsExcept,
  defineList,
  idParam,
  keyId,
  keyTime,
  listOf,
  pageQuery,
  readPage,
} from '../http/params.ts';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import {
  riderChangeShape,
  riderChangeView,
  riderDetailShape,
  riderDetailView,
  riderShape,
  riderView,
} from './view.ts';

const { riders, riderHistory, clubMemberships } = tables;
const tags = ['riders'];
const params = z.object({ riderId: idParam().openapi({ example: 4500001 }) });
const listed = columnsExcept(riders, 'raw', 'takenAt');
const riderList = defineList('riders', 'asc', { riderId: riders.riderId }, [keyId]);
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
    summary: 'List riders by id, each with the age of its data',
    request: {
      query: z.object({
        clubId: idParam().optional().openapi({ description: 'Only riders of this club', example: 20650 }),
        q: z
          .string()
          .regex(/^[^\0]{1,100}$/, 'must be 1 to 100 characters')
          .optional()
          .openapi({ description: 'Part of the name, case-insensitive', example: 'Andersen' }),
        ...pageQuery(riderList),
      }),
    },
    responses: jsonResponses('A page of riders', listOf(riderShape), 400),
    handler: async (c, { db, clock }) => {
      const { clubId, q, ...page } = c.req.valid('query');
      const where = and(
        clubId === undefined ? undefined : memberOf(db, clubId),
        q === undefined ? undefined : ilike(riders.name, `%${q.replace(/[\\%_]/g, '\\$&')}%`),
      );
      const all = db.select(listed).from(riders).$dynamic();
      return c.json(await readPage(all, riderList, page, riderView(clock.now()), where), 200);
    },
  }),

  endpoint('get', '/v1/riders/{riderId}', 'getRider', {
    tags,
    summary: 'Get a rider, with all data from upstream',
    request: { params },
    responses: jsonResponses('The rider', riderDetailShape, 400, 404),
    handler: async (c, { clock, findRider }) => {
      const { riderId } = c.req.valid('param');
      const notStored = `Rider ${riderId} is not stored; fetch it with POST /v1/riders`;
      return c.json(riderDetailView(requireFound(await findRider(riderId), notStored), clock.now()), 200);
    },
  }),

  endpoint('get', '/v1/riders/{riderId}/history', 'listRiderHistory', {
    tags,
    summary: 'Rider history, newest first: one item per change',
    request: { params, query: z.object(pageQuery(changeList)) },
    responses: jsonResponses('A page of changes', listOf(riderChangeShape), 400, 404),
    handler: async (c, { db, findRider }) => {
      const { riderId } = c.req.valid('param');
      requireFound(await findRider(riderId), `Rider ${riderId} is not stored`);
      const all = db.select(columnsExcept(riderHistory, 'riderId')).from(riderHistory).$dynamic();
      const ofRider = eq(riderHistory.riderId, riderId);
      return c.json(await readPage(all, changeList, c.req.valid('query'), riderChangeView, ofRider), 200);
    },
  }),
];
