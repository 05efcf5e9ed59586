import type { Machine } from '@paceline/shared/clock';
import { type Database, ourRiders, tables } from '@paceline/shared/database';
import { sql } from 'drizzle-orm';
import type { SignupCounts } from './view.ts';

const { signups } = tables;
const dayMs = 86_400_000;

interface CopiedEvent {
  readonly eventId: string;
  readonly signupsFetchedAt: number | null;
}

/** @param now project ms @returns the counts of each of the events */
export type CountSignups = (
  events: readonly CopiedEvent[],
  now: number,
) => Promise<(event: Pick<CopiedEvent, 'eventId'>) => SignupCounts>;

const none: SignupCounts = { current: 0, withdrawn: 0, ours: 0, joinedLately: 0, withdrawnLately: 0 };

/** Riders of an event's first copy joined at an unknown time, so not lately. */
export const countSignups =
  (db: Database): CountSignups =>
  async (events, now) => {
    const ids = sql.param(events.map(({ eventId }) => eventId));
    const since = sql`${new Date(now - dayMs).toISOString()}::timestamptz`;
    const count = (condition: ReturnType<typeof sql>) => sql`(count(*) filter (where ${condition}))::integer`;
    const { rows } = await db.execute<{ eventId: string } & Record<keyof SignupCounts, number>>(sql`
      select given.event_id as "eventId", counts.*
      from unnest(${ids}::text[]) as given (event_id),
        lateral (select min(first_seen_at) as at from ${signups} where event_id = given.event_id) as first_copy,
        lateral (
          select ${count(sql`withdrawn_at is null`)} as current,
            ${count(sql`withdrawn_at is not null`)} as withdrawn,
            ${count(sql`withdrawn_at is null and rider_id in (${ourRiders})`)} as ours,
            ${count(sql`first_seen_at > greatest(first_copy.at, ${since})`)} as "joinedLately",
            ${count(sql`withdrawn_at > ${since}`)} as "withdrawnLately"
          from ${signups} where event_id = given.event_id) as counts`);
    const byEvent = new Map(rows.map(({ eventId, ...counts }) => [eventId, counts]));
    return ({ eventId }) => byEvent.get(eventId) ?? none;
  };

/** Real ms for which counts are used again, on average. Spread, so that those of a long list are not counted all at once. */
const keptMs = 5_000;

interface Kept {
  readonly countsOf: ReturnType<CountSignups>;
  readonly copiedAt: number | null;
  readonly until: number;
}

/**
 * Counts the signups of an event once per copy and every few seconds, as the same events are in many lists. What changes
 * without a copy, such as a new member of our clubs, is seen that much later.
 */
export function recentCounts(count: CountSignups, machine: Machine): CountSignups {
  const kept = new Map<string, Kept>();
  return async (events, now) => {
    const elapsed = machine.elapsed();
    for (const [eventId, { until }] of kept) {
      if (until > elapsed) break;
      kept.delete(eventId);
    }
    const isKept = ({ eventId, signupsFetchedAt }: CopiedEvent) => {
      const found = kept.get(eventId);
      return found && found.until > elapsed && found.copiedAt === signupsFetchedAt;
    };
    const others = events.filter((event) => !isKept(event));
    if (others.length > 0) {
      const countsOf = count(others, now);
      for (const [index, { eventId, signupsFetchedAt: copiedAt }] of others.entries()) {
        kept.delete(eventId);
        kept.set(eventId, { countsOf, copiedAt, until: elapsed + keptMs * (0.5 + index / others.length) });
      }
    }
    try {
      // Lists that arrive together wait for the same count.
      const counts = await Promise.all(
        events.map(async (event) => (await kept.get(event.eventId)?.countsOf)?.(event)),
      );
      const known = new Map(events.map(({ eventId }, index) => [eventId, counts[index]]));
      return ({ eventId }) => known.get(eventId) ?? none;
    } catch (error) {
      for (const { eventId } of events) kept.delete(eventId);
      throw error;
    }
  };
}
