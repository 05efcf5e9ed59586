import type { StreamedEvent } from '@paceline/shared/contracts';
import { asRows, type Database, isBadData, tables } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import { type SQL, sql } from 'drizzle-orm';
import type { PermitChangeView } from '../stream/view.ts';

const { conflicts, permits } = tables;

/** Stores conflicts and permits, idempotently. Skips events that Postgres can't store (NUL in a text). */
export async function storeHistory(
  db: Database,
  events: readonly StreamedEvent[],
  now: number,
  log: Logger,
): Promise<void> {
  try {
    await storeConflicts(db, events);
    await storePermits(db, events, now);
  } catch (error) {
    if (!isBadData(error)) throw error;
    const [first, ...others] = events;
    if (others.length > 0) {
      for (const each of events) await storeHistory(db, [each], now, log);
    } else log.error({ err: error, sequence: first?.sequence }, 'skipped an event that cannot be stored');
  }
}

async function storeConflicts(db: Database, events: readonly StreamedEvent[]): Promise<void> {
  const rows = events.flatMap((event) => {
    if (event.name !== 'conflict') return [];
    const { at, account, endpoint, lane, blockedBy, expectedWaitMs } = event.payload;
    const lanes = { budget: endpoint, blocked: lane, blockedBy };
    return [{ at, sequence: event.sequence, account, ...lanes, expectedWaitMs: Math.round(expectedWaitMs) }];
  });
  if (rows.length > 0) await db.insert(conflicts).values(rows).onConflictDoNothing();
}

type PermitRowPart = Omit<typeof permits.$inferInsert, 'receivedAt'>;

async function storePermits(
  db: Database,
  events: readonly StreamedEvent[],
  receivedAt: number,
): Promise<void> {
  const changes = events.flatMap((event) => (event.name === 'permitsChanged' ? event.payload.changes : []));
  const started = { lane: excluded('lane'), startedAt: excluded('started_at') };
  await upsertPermits(db, changes.flatMap(startOf), started, receivedAt);
  const ended = { endedAt: excluded('ended_at'), result: excluded('result'), status: excluded('status') };
  await upsertPermits(db, changes.flatMap(endOf), ended, receivedAt);
}

const excluded = (column: string): SQL => sql`excluded.${sql.identifier(column)}`;

function startOf(change: PermitChangeView): PermitRowPart[] {
  if (change.change !== 'started') return [];
  const { permit, account, endpoint, lane, at } = change;
  return [{ permit, account, budget: endpoint, lane, startedAt: at }];
}

function endOf(change: PermitChangeView): PermitRowPart[] {
  if (change.change === 'started') return [];
  const { permit, account, endpoint, at } = change;
  const { result, status } = change.change === 'settled' ? change.outcome : { result: 'not_sent' as const };
  return [{ permit, account, budget: endpoint, endedAt: at, result, status: status ?? null }];
}

async function upsertPermits(
  db: Database,
  known: readonly PermitRowPart[],
  set: Record<string, SQL>,
  receivedAt: number,
): Promise<void> {
  // Sorted, so that two processes with the same permits don't deadlock. A statement can write a row only once.
  const rows = [...new Map(known.map((row) => [row.permit, { ...row, receivedAt }])).values()].toSorted(
    (a, b) => (a.permit < b.permit ? -1 : 1),
  );
  if (rows.length === 0) return;
  await db.insert(permits).select(asRows(permits, rows)).onConflictDoUpdate({ target: permits.permit, set });
}
