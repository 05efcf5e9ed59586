import type { StreamedEvent } from '@paceline/shared/contracts';
import { asRows, type Database, isBadData, tables } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import { and, eq, gte, isNotNull, type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import { columnsBut, defineList, keyMoment, keyText, type PageOf, rowsOf } from '../http/params.ts';
import type { ConflictRow, PermitRow } from './view.ts';

const { conflicts, permits } = tables;

/**
 * Stores published conflicts and permits. Safe to repeat, in any order, by several at once. An event that Postgres can't
 * hold, like a text with a NUL, is skipped: else all behind it would wait for it for ever.
 */
export async function keepHistory(
  db: Database,
  events: readonly StreamedEvent[],
  now: number,
  log: Logger,
): Promise<void> {
  try {
    await keepConflicts(db, events);
    await keepPermits(db, events, now);
  } catch (error) {
    if (!isBadData(error)) throw error;
    const [only, ...others] = events;
    if (others.length > 0) {
      for (const each of events) await keepHistory(db, [each], now, log);
    } else log.error({ err: error, sequence: only?.sequence }, 'skipped an event that cannot be stored');
  }
}

async function keepConflicts(db: Database, events: readonly StreamedEvent[]): Promise<void> {
  const rows = events.flatMap((event) => {
    if (event.name !== 'conflict') return [];
    const { at, account, endpoint, lane, blockedBy, expectedWaitMs } = event.payload;
    const lanes = { budget: endpoint, blocked: lane, blockedBy };
    return [{ at, sequence: event.sequence, account, ...lanes, expectedWaitMs: Math.round(expectedWaitMs) }];
  });
  if (rows.length > 0) await db.insert(conflicts).values(rows).onConflictDoNothing();
}

type Change = Extract<StreamedEvent, { name: 'permitsChanged' }>['payload']['changes'][number];
type Known = Omit<typeof permits.$inferInsert, 'heardAt'>;

async function keepPermits(db: Database, events: readonly StreamedEvent[], heardAt: number): Promise<void> {
  const changes = events.flatMap((event) => (event.name === 'permitsChanged' ? event.payload.changes : []));
  const started = { lane: excluded('lane'), startedAt: excluded('started_at') };
  await upsertPermits(db, changes.flatMap(startOf), started, heardAt);
  const ended = { endedAt: excluded('ended_at'), result: excluded('result'), status: excluded('status') };
  await upsertPermits(db, changes.flatMap(endOf), ended, heardAt);
}

const excluded = (column: string): SQL => sql`excluded.${sql.identifier(column)}`;

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

async function upsertPermits(
  db: Database,
  known: readonly Known[],
  set: Record<string, SQL>,
  heardAt: number,
): Promise<void> {
  // In one order, so that two who store the same permits wait for each other instead of deadlocking; none twice.
  const rows = [...new Map(known.map((row) => [row.permit, { ...row, heardAt }])).values()].toSorted((a, b) =>
    a.permit < b.permit ? -1 : 1,
  );
  if (rows.length === 0) return;
  await db.insert(permits).select(asRows(permits, rows)).onConflictDoUpdate({ target: permits.permit, set });
}

export const conflictList = defineList(
  'conflicts',
  'desc',
  { at: conflicts.at, sequence: conflicts.sequence },
  [keyMoment, z.int().min(0)],
);

export const listConflicts = (
  db: Database,
  account: string,
  page: PageOf<typeof conflictList>,
): Promise<ConflictRow[]> =>
  rowsOf(db.select().from(conflicts).$dynamic(), conflictList, page, eq(conflicts.account, account));

export const permitList = defineList(
  'permits',
  'asc',
  { startedAt: permits.startedAt, permit: permits.permit },
  [keyMoment, keyText],
);

interface PermitFilter {
  readonly since: number;
  readonly budget?: PermitRow['budget'] | undefined;
}

/** The permits of an account that were started at `since` or later. */
export async function listPermits(
  db: Database,
  account: string,
  { since, budget, ...page }: PermitFilter & PageOf<typeof permitList>,
): Promise<PermitRow[]> {
  const shown = columnsBut(permits, 'account', 'heardAt');
  const where = and(
    eq(permits.account, account),
    isNotNull(permits.lane),
    gte(permits.startedAt, since),
    budget && eq(permits.budget, budget),
  );
  const rows = await rowsOf(db.select(shown).from(permits).$dynamic(), permitList, page, where);
  return rows.filter((row): row is PermitRow => row.lane !== null && row.startedAt !== null);
}
