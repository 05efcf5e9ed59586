import { type Database, tables } from '@paceline/shared/database';
import { and, asc, eq, inArray, isNotNull, isNull, lt, max, min, ne, or, sql } from 'drizzle-orm';
import { columnsBut } from '../http/params.ts';
import { type DataAges, alertId, type AlertRow, type Changes, type Condition } from './rules.ts';

const { alerts, clubs, events } = tables;
const shown = columnsBut(alerts, 'raisedNotifiedAt', 'resolvedNotifiedAt', 'notifyingUntil');

export const selectAlerts = (db: Database) => db.select(shown).from(alerts).$dynamic();

export const openAlerts = async (db: Database): Promise<AlertRow[]> =>
  (await selectAlerts(db).where(isNull(alerts.resolvedAt))) as AlertRow[];

/** Stores changes, and returns the alerts that were raised or resolved by this process, and no other. */
export const storeChanges = (
  db: Database,
  { raise, seen, resolve }: Changes,
  now: number,
): Promise<AlertRow[]> =>
  db.transaction(async (tx) => {
    const rows = raise.map((condition) => rowOf(condition, now));
    const isSeen = inArray(alerts.id, [...seen]);
    if (seen.length > 0) await tx.update(alerts).set({ lastSeenAt: now }).where(isSeen);
    const raised =
      rows.length === 0 ? [] : await tx.insert(alerts).values(rows).onConflictDoNothing().returning(shown);
    const open = and(inArray(alerts.id, [...resolve]), isNull(alerts.resolvedAt));
    const resolved =
      resolve.length === 0
        ? []
        : await tx.update(alerts).set({ resolvedAt: now }).where(open).returning(shown);
    return [...raised, ...resolved] as AlertRow[];
  });

function rowOf(condition: Condition, now: number): AlertRow {
  const { isNews, ...about } = condition;
  const resolvedAt = isNews ? now : null;
  return { id: alertId(condition, now), ...about, raisedAt: now, lastSeenAt: now, resolvedAt };
}

/** News has no end. */
const isOver = and(isNotNull(alerts.resolvedAt), ne(alerts.resolvedAt, alerts.raisedAt));

/** Claims an alert whose beginning or end is not in the chat yet; no other process claims it until `until`. */
export async function claimUnsent(db: Database, now: number, until: number): Promise<AlertRow | undefined> {
  const unsent = db
    .select({ id: alerts.id })
    .from(alerts)
    .where(
      and(
        or(isNull(alerts.raisedNotifiedAt), and(isOver, isNull(alerts.resolvedNotifiedAt))),
        or(isNull(alerts.notifyingUntil), lt(alerts.notifyingUntil, now)),
      ),
    )
    .orderBy(asc(alerts.raisedAt))
    .limit(1)
    .for('update', { skipLocked: true });
  const [claimed] = await db
    .update(alerts)
    .set({ notifyingUntil: until })
    .where(inArray(alerts.id, unsent))
    .returning(shown);
  return claimed as AlertRow | undefined;
}

/** The chat did not take it: it is sent again. */
export async function releaseClaim(db: Database, { id }: AlertRow): Promise<void> {
  await db.update(alerts).set({ notifyingUntil: null }).where(eq(alerts.id, id));
}

/** The chat has the alert as it was claimed: its end, and with it its beginning. */
export async function markSent(db: Database, { id, resolvedAt }: AlertRow, now: number): Promise<void> {
  const end = resolvedAt === null ? {} : { resolvedNotifiedAt: now };
  const beginning = sql`coalesce(${alerts.raisedNotifiedAt}, ${sql.param(now, alerts.raisedNotifiedAt)})`;
  await db
    .update(alerts)
    .set({ raisedNotifiedAt: beginning, notifyingUntil: null, ...end })
    .where(eq(alerts.id, id));
}

export async function agesOf(db: Database): Promise<DataAges> {
  const [[club], [event]] = await Promise.all([
    db.select({ at: min(clubs.fetchedAt) }).from(clubs),
    db.select({ at: max(events.fetchedAt) }).from(events),
  ]);
  return { clubs: club?.at ?? undefined, events: event?.at ?? undefined };
}
