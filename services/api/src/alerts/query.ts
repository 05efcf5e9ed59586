import { type Database, tables } from '@paceline/shared/database';
import { eventKinds, type SyncKind } from '@paceline/shared/definition';
import {
  and,
  asc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  like,
  lt,
  max,
  min,
  ne,
  notExists,
  or,
  sql,
} from 'drizzle-orm';
import { columnsExcept } from '../http/params.ts';
import {
  type DataAges,
  type DoubtedList,
  alertId,
  type AlertRow,
  type AlertChanges,
  type AlertCondition,
} from './rules.ts';

const { alerts, clubMemberships, clubs, doubts, events, syncLogs, syncRuns } = tables;
const shown = columnsExcept(alerts, 'raisedNotifiedAt', 'resolvedNotifiedAt', 'notifyingUntil');

export const selectAlerts = (db: Database) => db.select(shown).from(alerts).$dynamic();

export const openAlerts = async (db: Database): Promise<AlertRow[]> =>
  (await selectAlerts(db).where(isNull(alerts.resolvedAt))) as AlertRow[];

/** Stores changes. Returns the alerts that this process, and no other, has raised or resolved. */
export async function storeChanges(
  db: Database,
  { raise, present, resolve }: AlertChanges,
  now: number,
): Promise<AlertRow[]> {
  if (raise.length + present.length + resolve.length === 0) return [];
  return db.transaction(async (tx) => {
    const rows = raise.map((condition) => rowOf(condition, now));
    const stillPresent = inArray(alerts.id, [...present]);
    if (present.length > 0) await tx.update(alerts).set({ lastSeenAt: now }).where(stillPresent);
    const raised =
      rows.length === 0 ? [] : await tx.insert(alerts).values(rows).onConflictDoNothing().returning(shown);
    const open = and(inArray(alerts.id, [...resolve]), isNull(alerts.resolvedAt));
    const resolved =
      resolve.length === 0
        ? []
        : await tx.update(alerts).set({ resolvedAt: now }).where(open).returning(shown);
    return [...raised, ...resolved] as AlertRow[];
  });
}

function rowOf(condition: AlertCondition, now: number): AlertRow {
  const { isOneTime, ...about } = condition;
  const resolvedAt = isOneTime ? now : null;
  return { id: alertId(condition, now), ...about, raisedAt: now, lastSeenAt: now, resolvedAt };
}

/** Stores alerts that were raised while the database was down, unless they are open already. */
export async function storeSent(
  db: Database,
  unstored: readonly { readonly alert: AlertRow; readonly isSent: boolean }[],
): Promise<void> {
  if (unstored.length === 0) return;
  const rows = unstored.map(({ alert, isSent }) => ({
    ...alert,
    raisedNotifiedAt: isSent ? alert.raisedAt : null,
  }));
  await db.insert(alerts).values(rows).onConflictDoNothing();
}

/** One-time alerts are stored as resolved when raised: no end is sent for them. */
const hasEnded = and(isNotNull(alerts.resolvedAt), ne(alerts.resolvedAt, alerts.raisedAt));

/** Claims an alert whose start or end was not sent to the chat yet; no other process can claim it until `until`. */
export async function claimUnsent(db: Database, now: number, until: number): Promise<AlertRow | undefined> {
  const unsent = db
    .select({ id: alerts.id })
    .from(alerts)
    .where(
      and(
        or(isNull(alerts.raisedNotifiedAt), and(hasEnded, isNull(alerts.resolvedNotifiedAt))),
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

/** For a message that the chat did not accept: the alert is sent again. */
export async function releaseClaim(db: Database, { id }: AlertRow): Promise<void> {
  await db.update(alerts).set({ notifyingUntil: null }).where(eq(alerts.id, id));
}

/** The chat has accepted the message. One about the end also covers the start. */
export async function markSent(db: Database, { id, resolvedAt }: AlertRow, now: number): Promise<void> {
  const end = resolvedAt === null ? {} : { resolvedNotifiedAt: now };
  const raisedNotifiedAt = sql`coalesce(${alerts.raisedNotifiedAt}, ${sql.param(now, alerts.raisedNotifiedAt)})`;
  await db
    .update(alerts)
    .set({ raisedNotifiedAt, notifyingUntil: null, ...end })
    .where(eq(alerts.id, id));
}

/** Project ms. Clubs that were not called since then are no longer synced. */
const recentMs = 2 * 86_400_000;

/** @param now project ms */
export async function findDataAges(db: Database, now: number): Promise<DataAges> {
  const ofClub = (table: typeof clubs | typeof clubMemberships) =>
    db
      .select({ one: sql`1` })
      .from(table)
      .where(sql`${table.clubId}::text = split_part(${syncLogs.target}, ' ', 1)`);
  const isRun = (kinds: readonly SyncKind[]) =>
    and(inArray(syncRuns.kind, [...kinds]), eq(syncRuns.mode, 'on'));
  const [[oldest], [list], [missing], [planned], [listed]] = await Promise.all([
    db.select({ at: min(clubs.fetchedAt) }).from(clubs),
    db.select({ at: max(events.fetchedAt) }).from(events),
    // A club with several pages has members before it counts as fetched.
    db
      .select({ at: min(syncLogs.startedAt) })
      .from(syncLogs)
      .innerJoin(syncRuns, eq(syncRuns.runId, syncLogs.runId))
      .where(
        and(
          isRun(['rider']),
          gt(syncRuns.startedAt, now - recentMs),
          eq(syncLogs.endpoint, 'clubs'),
          notExists(ofClub(clubs)),
          notExists(ofClub(clubMemberships)),
        ),
      ),
    db
      .select({ at: min(syncRuns.startedAt) })
      .from(syncRuns)
      .where(and(isRun(['rider']), sql`(${syncRuns.counts} ->> 'planned')::integer > 0`)),
    db
      .select({ at: min(syncRuns.startedAt) })
      .from(syncRuns)
      .where(isRun(eventKinds)),
  ]);
  return {
    clubs: {
      fetchedAt: oldest?.at ?? undefined,
      missingSince: missing?.at ?? (oldest?.at == null ? (planned?.at ?? undefined) : undefined),
    },
    events: {
      fetchedAt: list?.at ?? undefined,
      missingSince: list?.at == null ? (listed?.at ?? undefined) : undefined,
    },
  };
}

/** Clubs and the event list in doubt. Signups and results are reported by their runs. */
export const findDoubts = (db: Database): Promise<DoubtedList[]> =>
  db
    .select()
    .from(doubts)
    .where(or(like(doubts.subject, 'club:%'), like(doubts.subject, 'events:%')));
