import { type Database, tables } from '@paceline/shared/database';
import { and, eq } from 'drizzle-orm';
import type { ClubRow } from '../core/club.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { clubs, clubMemberships: memberships } = tables;
const byId: Order = { columns: [clubs.clubId], direction: 'asc' };

/** Up to `limit` + 1 clubs by their id. */
export const listClubs = (db: Database, { limit, after }: PageQuery<readonly [number]>): Promise<ClubRow[]> =>
  db
    .select({
      clubId: clubs.clubId,
      name: clubs.name,
      fetchedAt: clubs.fetchedAt,
      members: db.$count(
        memberships,
        and(eq(memberships.clubId, clubs.clubId), eq(memberships.current, true)),
      ),
    })
    .from(clubs)
    .where(behind(byId, after))
    .orderBy(...ordered(byId))
    .limit(limit + 1);
