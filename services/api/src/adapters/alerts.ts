import type { AlertType } from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import {
  and,
  asc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lt,
  min,
  max,
  ne,
  or,
  sql,
} from 'drizzle-orm';
import { type AlertRow, alertId, type Changes } from '../core/alerts/alert.ts';
import type { Condition } from '../core/alerts/condition.ts';
import type { Ages } from '../core/alerts/of-syncs.ts';
import { behind, type Order, ordered, type PageQuery } from './keyset.ts';

const { alerts, clubs, events } = tables;
const { toldBeginningAt: _, toldEndAt: __, tellingUntil: ___, ...shown } = getTableColumns(alerts);
const newestFirst: Order = { columns: [alerts.raisedAt, alerts.id], direction: 'desc' };

export const openAlerts = async (db: Database): Promise<AlertRow[]> =>
  (await db.select(shown).from(alerts).where(isNull(alerts.resolvedAt))) as AlertRow[];

export async function findAlert(db: Database, id: string): Promise<AlertRow | undefined> {
  const [alert] = await db.select(shown).from(alerts).where(eq(alerts.id, id));
  return alert as AlertRow | undefined;
}

/** Up to `limit` + 1 alerts, newest first. */
export const listAlerts = async (
  db: Database,
  { isOpen, type }: { isOpen?: boolean | undefined; type?: AlertType | undefined },
  { limit, after }: PageQuery<readonly [number, string]>,
): Promise<AlertRow[]> =>
  (await db
    .select(shown)
    .from(alerts)
    .where(
      and(
        behind(newestFirst, after),
        isOpen === undefined ? undefined : isOpen ? isNull(alerts.resolvedAt) : isNotNull(alerts.resolvedAt),
        type && eq(alerts.type, type),
      ),
    )
    .orderBy(...ordered(newestFirst))
    .limit(limit + 1)) as AlertRow[];

/** Stores what has changed, and returns the alerts that were raised or resolved by it: nobody else has done the same. */
export const storeChanges = (
  db: Database,
  { raise, seen, resolve }: Changes,
  now: number,
): Promise<AlertRow[]> =>
  db.transaction(async (tx) => {
    const rows = raise.map((condition) => rowOf(condition, now));
    const open = and(inArray(alerts.id, [...resolve]), isNull(alerts.resolvedAt));
    if (seen.length > 0)
      await tx
        .update(alerts)
        .set({ lastSeenAt: now })
        .where(inArray(alerts.id, [...seen]));
    const raised =
      rows.length === 0 ? [] : await tx.insert(alerts).values(rows).onConflictDoNothing().returning(shown);
    const resolved =
      resolve.length === 0
        ? []
        : await tx.update(alerts).set({ resolvedAt: now }).where(open).returning(shown);
    return [...raised, ...resolved] as AlertRow[];
  });

function rowOf(condition: Condition, now: number): AlertRow {
  const { isNews, ...about } = condition;
  return {
    id: alertId(condition, now),
    ...about,
    raisedAt: now,
    lastSeenAt: now,
    resolvedAt: isNews ? now : null,
  };
}

/** Takes an alert whose beginning or end the chat does not know of; nobody else takes it until `until`. */
export async function takeUntold(db: Database, now: number, until: number): Promise<AlertRow | undefined> {
  const untold = db
    .select({ id: alerts.id })
    .from(alerts)
    .where(
      and(
        or(isNull(alerts.toldBeginningAt), and(isOver, isNull(alerts.toldEndAt))),
        or(isNull(alerts.tellingUntil), lt(alerts.tellingUntil, now)),
      ),
    )
    .orderBy(asc(alerts.raisedAt))
    .limit(1)
    .for('update', { skipLocked: true });
  const [taken] = await db
    .update(alerts)
    .set({ tellingUntil: until })
    .where(inArray(alerts.id, untold))
    .returning(shown);
  return taken as AlertRow | undefined;
}

/** News has no end to tell of. */
const isOver = and(isNotNull(alerts.resolvedAt), ne(alerts.resolvedAt, alerts.raisedAt));

/** The chat could not be told: it is tried again. */
export async function giveBack(db: Database, { id }: AlertRow): Promise<void> {
  await db.update(alerts).set({ tellingUntil: null }).where(eq(alerts.id, id));
}

/** The chat knows of the alert as it was taken: of its end, and then of its beginning too. */
export async function markTold(db: Database, { id, resolvedAt }: AlertRow, now: number): Promise<void> {
  const end = resolvedAt === null ? {} : { toldEndAt: now };
  await db
    .update(alerts)
    .set({
      toldBeginningAt: sql`coalesce(${alerts.toldBeginningAt}, ${sql.param(now, alerts.toldBeginningAt)})`,
      tellingUntil: null,
      ...end,
    })
    .where(eq(alerts.id, id));
}

/** When the oldest of our clubs and the newest list of events were fetched. */
export async function agesOf(db: Database): Promise<Ages> {
  const [[club], [event]] = await Promise.all([
    db.select({ at: min(clubs.fetchedAt) }).from(clubs),
    db.select({ at: max(events.fetchedAt) }).from(events),
  ]);
  return { clubs: club?.at ?? undefined, events: event?.at ?? undefined };
}
