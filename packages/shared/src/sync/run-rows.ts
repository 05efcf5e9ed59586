import { and, eq, lt, ne, type SQL, sql } from 'drizzle-orm';
import type { RunCounts, Tick } from '../contracts/index.ts';
import { type Database, tables } from '../database/index.ts';
import { currentTraceContext } from '../telemetry/index.ts';

const { syncRuns } = tables;

export type RunRow = typeof syncRuns.$inferSelect;

export interface RunProgress {
  readonly counts: RunCounts;
  /** Where to continue; null when everything is done. */
  readonly checkpoint: unknown;
}

/** The call that a run waits for; `until`: when it is expected, project ms. */
export type RunWait = NonNullable<RunRow['waitingFor']>;

export interface RunResult extends Partial<RunProgress> {
  /** A run that is done although something in it failed is stored as `partly_failed`. */
  readonly state: 'done' | 'failed';
  readonly error: string | null;
}

/** When the run of a slot that starts now has to end; undefined when it is too late to start. Project ms. */
export function endOfRun({ endsAt, late }: Pick<Tick, 'endsAt' | 'late'>, now: number): number | undefined {
  if (now < endsAt) return endsAt;
  return late && now < late.until ? Math.min(now + late.maxMs, late.until) : undefined;
}

export async function findRun(db: Database, slotId: string): Promise<RunRow | undefined> {
  const [known] = await db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
  return known;
}

/**
 * Creates or finds the run of a slot. A new run inherits the checkpoint of `continues`, or of the last run of its kind.
 * One that was interrupted before it got anything done gets the time that is left until `endsAt`.
 */
export async function openRun(db: Database, tick: Tick, now: number): Promise<RunRow> {
  const { slotId, kind, scheduledFor, endsAt, mode, runId = crypto.randomUUID(), continues } = tick;
  const inherited =
    continues === undefined
      ? sql`(select checkpoint from ${syncRuns} where kind = ${kind} order by started_at desc limit 1)`
      : sql`(select checkpoint from ${syncRuns} where run_id = ${continues})`;
  const [opened] = await db
    .insert(syncRuns)
    .values({
      runId,
      kind,
      slotId,
      mode,
      scheduledFor,
      slotEndsAt: endsAt,
      state: 'running',
      startedAt: now,
      counts: { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 },
      checkpoint: inherited,
      traceparent: currentTraceContext().traceparent ?? null,
    })
    .onConflictDoUpdate({
      target: syncRuns.slotId,
      set: { slotEndsAt: endsAt },
      setWhere: sql`${syncRuns.state} = 'running' and ${syncRuns.slotEndsAt} <= ${new Date(now).toISOString()}
        and excluded.slot_ends_at > ${syncRuns.slotEndsAt} and (${syncRuns.counts} ->> 'synced')::integer = 0`,
    })
    .returning();
  if (opened) return opened;
  const known = await findRun(db, slotId);
  if (!known) throw new Error(`The run of ${slotId} could be neither created nor found`);
  return known;
}

/** Project ms. A run ends with its slot or soon after. */
const abandonedAfterMs = 3_600_000;

/** Fails other runs of a tick's kind that are still running long after their slots ended. @returns them */
export const endAbandoned = (db: Database, { kind, slotId }: Tick, now: number): Promise<RunRow[]> =>
  db
    .update(syncRuns)
    .set({ state: 'failed', error: 'No process continued the run', finishedAt: now })
    .where(
      and(
        eq(syncRuns.kind, kind),
        ne(syncRuns.slotId, slotId),
        eq(syncRuns.state, 'running'),
        // A run that started late, after an outage, is not abandoned yet.
        lt(syncRuns.slotEndsAt, now - abandonedAfterMs),
        lt(syncRuns.startedAt, now - abandonedAfterMs),
      ),
    )
    .returning();

/** The span of a run's tick, for the run that continues it. */
export async function findTraceparent(db: Database, runId: string): Promise<string | null> {
  const [run] = await db
    .select({ traceparent: syncRuns.traceparent })
    .from(syncRuns)
    .where(eq(syncRuns.runId, runId));
  return run?.traceparent ?? null;
}

/** A list that failed is no item, so it is known by the error only. */
function endStateOf({ state, error, counts }: RunResult): RunRow['state'] | SQL {
  if (state === 'failed') return state;
  const failed = sql`(${counts ?? syncRuns.counts}::jsonb ->> 'failed')::int`;
  return error === null ? sql`case when ${failed} > 0 then 'partly_failed' else 'done' end` : 'partly_failed';
}

/** Updates or ends a run. A run that has ended is not changed. @returns the row as it is now */
export async function updateRun(
  db: Pick<Database, 'update' | 'select'>,
  runId: string,
  change:
    | RunProgress
    | (RunResult & { readonly finishedAt: number })
    | { readonly waitingFor: RunWait | null; readonly counts?: undefined },
): Promise<RunRow> {
  const running = and(eq(syncRuns.runId, runId), eq(syncRuns.state, 'running'));
  const state = 'state' in change && { state: endStateOf(change) };
  const [updated] = await db
    .update(syncRuns)
    .set({ ...change, ...state })
    .where(running)
    .returning();
  if (updated) return updated;
  const [known] = await db.select().from(syncRuns).where(eq(syncRuns.runId, runId));
  if (!known) throw new Error(`Run ${runId} not found`);
  return known;
}
