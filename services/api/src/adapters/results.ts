import { type Database, tables } from '@paceline/shared/database';
import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { ResultRow, ResultsRow } from '../core/results.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { events, results } = tables;
const { eventId: _, raw: __, ...shown } = getTableColumns(results);

/** Who did not finish comes after all who did. */
export const behindAll = 2_147_483_647;
const byPen: Order = {
  columns: [
    sql`coalesce(${results.pen}, '')`,
    sql`coalesce(${results.positionInPen}, ${sql.raw(String(behindAll))})`,
    results.riderId,
  ],
  direction: 'asc',
};

/** The columns of an event that say how its results stand. */
export const resultsStanding = {
  resultsState: events.resultsState,
  resultsReason: events.resultsReason,
  resultsTries: events.resultsTries,
  resultsTriedAt: events.resultsTriedAt,
  resultsFetchedAt: events.resultsFetchedAt,
};

/** How the results of an event stand; undefined: it is not stored. */
export async function findResultsStanding(db: Database, eventId: string): Promise<ResultsRow | undefined> {
  const [standing] = await db.select(resultsStanding).from(events).where(eq(events.eventId, eventId));
  return standing;
}

/** Up to `limit` + 1 results of an event, pen by pen as they finished, those that were taken out among them. */
export const listResults = (
  db: Database,
  eventId: string,
  { limit, after }: PageQuery<readonly [string, number, number]>,
): Promise<ResultRow[]> =>
  db
    .select(shown)
    .from(results)
    .where(and(eq(results.eventId, eventId), behind(byPen, after)))
    .orderBy(...ordered(byPen))
    .limit(limit + 1);
