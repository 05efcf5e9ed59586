import { type Database, tables } from '@paceline/shared/database';
import { and, eq, gt, lte, sql } from 'drizzle-orm';
import type { WatchedEvent } from '../core/report.ts';
import { hasOurs } from './events.ts';

const { events, signupCopies } = tables;

const copies = sql<number[]>`coalesce(
  json_agg((extract(epoch from ${signupCopies.copiedAt}) * 1000)::bigint order by ${signupCopies.copiedAt})
    filter (where ${signupCopies.copiedAt} is not null), '[]')`;

/** Events that start after `after`, until `until` (project ms), with every copy that was made of their signups. */
export const findWatched = (
  db: Database,
  { after, until }: { after: number; until: number },
): Promise<WatchedEvent[]> =>
  db
    .select({
      startsAt: events.startsAt,
      listedAt: events.firstSeenAt,
      delistedAt: events.delistedAt,
      hasOurs: hasOurs(db),
      copiedAt: copies,
    })
    .from(events)
    .leftJoin(signupCopies, eq(signupCopies.eventId, events.eventId))
    .where(and(gt(events.startsAt, after), lte(events.startsAt, until)))
    .groupBy(events.eventId);
