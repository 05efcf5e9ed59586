import type { PayloadOf, catalog, ToldEvent } from '@paceline/shared/contracts';
import { asRows, type Database, isBadData, tables } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import { and, eq, gte, isNotNull, type SQL, sql } from 'drizzle-orm';
import type { ConflictRow } from '../core/conflict.ts';
import type { PermitRow } from '../core/permit.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { conflicts, permits } = tables;
const newestFirst: Order = { columns: [conflicts.at, conflicts.sequence], direction: 'desc' };
const oldestFirst: Order = { columns: [permits.startedAt, permits.permit], direction: 'asc' };

type Change = PayloadOf<typeof catalog.permitsChanged>['changes'][number];
type PermitInsert = typeof permits.$inferInsert;

/**
 * Keeps what was told of conflicts and permits. Safe to repeat, in any order, by several at once. What Postgres can't
 * hold, like a text with a NUL, is passed over: else everything behind it would wait for it for ever.
 */
export async function keepHistory(
  db: Database,
  events: readonly ToldEvent[],
  now: number,
  log: Logger,
): Promise<void> {
  try {
    await keep(db, events, now);
  } catch (error) {
    if (!isBadData(error)) throw error;
    const [only, ...others] = events;
    if (others.length > 0) {
      for (const each of events) await keepHistory(db, [each], now, log);
    } else log.error({ err: error, sequence: only?.sequence }, 'passed over an event that can not be kept');
  }
}

async function keep(db: Database, events: readonly ToldEvent[], now: number): Promise<void> {
  const told = events.flatMap((event) => (event.name === 'conflict' ? [event] : []));
  if (told.length > 0) {
    const rows = told.map(
      ({ sequence, payload: { at, account, endpoint, lane, blockedBy, expectedWaitMs } }) => ({
        at,
        sequence,
        account,
        budget: endpoint,
        blocked: lane,
        blockedBy,
        expectedWaitMs: Math.round(expectedWaitMs),
      }),
    );
    await db.insert(conflicts).values(rows).onConflictDoNothing();
  }
  const changes = events.flatMap((event) => (event.name === 'permitsChanged' ? event.payload.changes : []));
  await keepPermits(
    db,
    changes.flatMap(startOf),
    { lane: excluded('lane'), startedAt: excluded('started_at') },
    now,
  );
  await keepPermits(
    db,
    changes.flatMap(endOf),
    { endedAt: excluded('ended_at'), result: excluded('result'), status: excluded('status') },
    now,
  );
}

const excluded = (column: string): SQL => sql`excluded.${sql.identifier(column)}`;

type Known = Omit<PermitInsert, 'heardAt'>;

function startOf(change: Change): Known[] {
  if (change.change !== 'started') return [];
  const { permit, account, endpoint, lane, at } = change;
  return [{ permit, account, budget: endpoint, lane, startedAt: at }];
}

function endOf(change: Change): Known[] {
  if (change.change === 'started') return [];
  const { permit, account, endpoint, at } = change;
  const { result, status } = change.change === 'settled' ? change.outcome : { result: 'not_sent' as const };
  return [{ permit, account, budget: endpoint, endedAt: at, result, status: status ?? null }];
}

async function keepPermits(
  db: Database,
  known: readonly Known[],
  set: Record<string, SQL>,
  heardAt: number,
): Promise<void> {
  // In one order, so that two who keep the same permits wait for each other instead of deadlocking; none twice.
  const rows = [...new Map(known.map((row) => [row.permit, { ...row, heardAt }])).values()].toSorted((a, b) =>
    a.permit < b.permit ? -1 : 1,
  );
  if (rows.length === 0) return;
  await db.insert(permits).select(asRows(permits, rows)).onConflictDoUpdate({ target: permits.permit, set });
}

/** Up to `limit` + 1 conflicts of an account, newest first. */
export const listConflicts = (
  db: Database,
  account: string,
  { limit, after }: PageQuery<readonly [number, number]>,
): Promise<ConflictRow[]> =>
  db
    .select()
    .from(conflicts)
    .where(and(eq(conflicts.account, account), behind(newestFirst, after)))
    .orderBy(...ordered(newestFirst))
    .limit(limit + 1);

/** Up to `limit` + 1 permits of an account that were started at `since` (project ms) or later, oldest first. */
export async function listPermits(
  db: Database,
  account: string,
  { since, budget }: { since: number; budget?: PermitRow['budget'] | undefined },
  { limit, after }: PageQuery<readonly [number, string]>,
): Promise<PermitRow[]> {
  const { permit, lane, startedAt, endedAt, result, status } = permits;
  const rows = await db
    .select({ permit, budget: permits.budget, lane, startedAt, endedAt, result, status })
    .from(permits)
    .where(
      and(
        eq(permits.account, account),
        isNotNull(permits.lane),
        gte(permits.startedAt, since),
        budget && eq(permits.budget, budget),
        behind(oldestFirst, after),
      ),
    )
    .orderBy(...ordered(oldestFirst))
    .limit(limit + 1);
  return rows.filter((row): row is PermitRow => row.lane !== null && row.startedAt !== null);
}
