import { and, eq, lt, ne, sql } from 'drizzle-orm';
import type { RunCounts, Tick } from '../contracts/index.ts';
import { type Database, tables } from '../database/index.ts';
import { currentTraceContext } from '../telemetry/index.ts';

const { syncRuns } = tables;

export type RunRow = typeof syncRuns.$inferSelect;

export interface RunProgress {
  readonly counts: RunCounts;
  /** Where to go on from; null: nothing is left. */
  readonly checkpoint: unknown;
}

export interface RunEnding extends Partial<RunProgress> {
  readonly state: 'done' | 'failed';
  readonly error: string | null;
}

/** The run of a slot, new or there already; a new one takes over what the one of `continues`, or the last, has left. */
export async function openRun(db: Database, tick: Tick, now: number): Promise<RunRow> {
  const { slotId, kind, scheduledFor, endsAt, mode, runId = crypto.randomUUID(), continues } = tick;
  const leftOver =
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
      checkpoint: leftOver,
      traceparent: currentTraceContext().traceparent ?? null,
    })
    .onConflictDoNothing({ target: syncRuns.slotId })
    .returning();
  if (opened) return opened;
  const [known] = await db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
  if (!known) throw new Error(`The run of ${slotId} is neither new nor there`);
  return known;
}

/** Project ms. A run ends with its slot, or soon after it. */
const longestRun = 3_600_000;

/** Ends the other runs of a tick's kind that have not ended long after their slots did. @returns them */
export const endAbandoned = (db: Database, { kind, slotId }: Tick, now: number): Promise<RunRow[]> =>
  db
    .update(syncRuns)
    .set({ state: 'failed', error: 'Nobody has carried it on', finishedAt: now })
    .where(
      and(
        eq(syncRuns.kind, kind),
        ne(syncRuns.slotId, slotId),
        eq(syncRuns.state, 'running'),
        // One that began late, after an outage, is not abandoned yet.
        lt(syncRuns.slotEndsAt, now - longestRun),
        lt(syncRuns.startedAt, now - longestRun),
      ),
    )
    .returning();

/** The span of another run's tick, for one that goes on with it. */
export async function findTraceparent(db: Database, runId: string): Promise<string | null> {
  const [run] = await db
    .select({ traceparent: syncRuns.traceparent })
    .from(syncRuns)
    .where(eq(syncRuns.runId, runId));
  return run?.traceparent ?? null;
}

/** Moves a run on, or ends it; one that has ended stays as it ended. */
export async function updateRun(
  db: Pick<Database, 'update' | 'select'>,
  runId: string,
  change: RunProgress | (RunEnding & { readonly finishedAt: number }),
): Promise<RunRow> {
  const running = and(eq(syncRuns.runId, runId), eq(syncRuns.state, 'running'));
  const [updated] = await db.update(syncRuns).set(change).where(running).returning();
  if (updated) return updated;
  const [known] = await db.select().from(syncRuns).where(eq(syncRuns.runId, runId));
  if (!known) throw new Error(`There is no run ${runId}`);
  return known;
}
