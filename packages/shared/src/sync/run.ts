import { catalog, type Policy, type Tick } from '../contracts/index.ts';
import type { Budget } from '../definition/index.ts';
import { done, publish, retryAfter, type Settlement } from '../messaging/index.ts';
import {
  currentTraceContext,
  durations,
  inSpan,
  type Link,
  linksTo,
  meter,
  recordError,
  type Span,
} from '../telemetry/index.ts';
import { plainError, throughOutages, type Transaction } from './database.ts';
import { nowMs, type Sync } from './open.ts';
import {
  endAbandoned,
  findTraceparent,
  openRun,
  type RunEnding,
  type RunProgress,
  type RunRow,
  updateRun,
} from './run-rows.ts';

/** What a kind of sync does in its run; may be called again for the same run, and goes on from its checkpoint. */
export type RunWork = (run: RunRow) => Promise<RunEnding>;

/**
 * Runs a slot's sync once, however often its tick comes: a run that has ended is left alone, that of a dead process is
 * resumed, and an observed one only plans. Shutdown gives the tick back at once, so that the next process goes on.
 * Ends as failed what of its kind was abandoned: no other process gets a tick that the broker has lost.
 */
export async function runSlot(sync: Sync, tick: Tick, work: RunWork, plan: PlanRun): Promise<Settlement> {
  try {
    const open = () => openRun(sync.db, tick, nowMs(sync));
    const abandoned = await throughOutages(sync, () => endAbandoned(sync.db, tick, nowMs(sync)));
    for (const each of abandoned) await announceRun(sync, each);
    const run = await throughOutages(sync, open);
    await announceRun(sync, run);
    if (run.state !== 'running') return done;
    const attributes = { 'paceline.run': run.runId, 'paceline.slot': run.slotId };
    const links = await linksOf(sync, run, tick);
    // After an outage within the work it is resumed from what is stored.
    const resume = () =>
      throughOutages(sync, async () => {
        const current = await open();
        return current.mode === 'on' ? work(current) : observe(sync, current, plan);
      });
    await inSpan(`run ${run.kind}`, { attributes, links }, (span) => carryOut(sync, run, resume, span));
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    throw error;
  }
}

/** Ends the run of a dead-lettered tick as failed: no process will carry it on. */
export const failDeadLetteredRun =
  (sync: Sync) =>
  async (tick: Tick, reason: string): Promise<void> => {
    const { state, runId } = await throughOutages(sync, () => openRun(sync.db, tick, nowMs(sync)));
    if (state !== 'running') return;
    await announceRun(
      sync,
      await finishRun(sync, runId, { state: 'failed', error: `It was given up: ${reason}` }),
    );
  };

/** To the tick that a dead process had, and to the run that this one continues: they may be other traces. */
async function linksOf(sync: Sync, run: RunRow, { continues }: Tick): Promise<Link[]> {
  const before =
    continues === undefined ? null : await throughOutages(sync, () => findTraceparent(sync.db, continues));
  return [run.traceparent, before].flatMap((traceparent) =>
    traceparent === null || traceparent === currentTraceContext().traceparent ? [] : linksTo({ traceparent }),
  );
}

async function carryOut(sync: Sync, run: RunRow, work: () => Promise<RunEnding>, span: Span): Promise<void> {
  const { runId, kind, slotId } = run;
  sync.log.info({ runId, kind, slotId }, 'run started');
  const ending = await work().catch((error: unknown): RunEnding => {
    if (sync.signal.aborted) throw error;
    const err = plainError(error);
    recordError(span, err);
    sync.log.error({ err, runId }, 'run failed');
    return { state: 'failed', error: err.message };
  });
  const ended = await finishRun(sync, runId, ending);
  const { state, counts, error } = ended;
  measureRun(ended);
  const level = state === 'failed' ? 'error' : 'info';
  sync.log[level]({ runId, kind, slotId, state, counts, error }, 'run finished');
  await announceRun(sync, ended);
}

const finishRun = (sync: Sync, runId: string, ending: RunEnding): Promise<RunRow> =>
  throughOutages(sync, () => updateRun(sync.db, runId, { ...ending, finishedAt: nowMs(sync) }));

/** Stores data together with what it means for the run, and announces it once it is committed. */
export async function saveProgress(
  sync: Sync,
  runId: string,
  progress: RunProgress,
  write: (tx: Transaction) => Promise<void>,
): Promise<void> {
  const run = await throughOutages(sync, () =>
    sync.db.transaction(async (tx) => {
      await write(tx);
      return updateRun(tx, runId, progress);
    }),
  );
  await announceRun(sync, run);
}

/** An event that cannot be published is only news: the row is the truth. */
async function announceRun(
  sync: Sync,
  { runId, kind, slotId, mode, state, counts, error }: RunRow,
): Promise<void> {
  const at = nowMs(sync);
  const once = state === 'running' ? {} : { id: `run:${runId}:${state}` };
  const change = { runId, kind, slotId, mode, state, at, counts, error };
  await publish(sync.bus, catalog.runChanged, change, once).catch((reason: unknown) => {
    sync.log.warn({ err: reason, runId }, 'failed to publish a change of a run');
  });
}

/** What a run would do. */
export interface RunPlan {
  readonly endpoint: Budget;
  /** How many clubs or events are worth a call of that budget. */
  readonly worth: number;
}

/** Says what the run of a kind of sync would do, by what is known without a call. */
export type PlanRun = (run: RunRow) => Promise<RunPlan>;

/** An observed run plans and counts, and calls nothing. What its slot has no room for is deferred, as in a run that is on. */
async function observe({ limiter, clock, log }: Sync, run: RunRow, plan: PlanRun): Promise<RunEnding> {
  const { endpoint, worth } = await plan(run);
  const room = roomIn(await limiter.policyOf(endpoint), run.slotEndsAt - clock.now());
  const deferred = Math.max(0, worth - room);
  log.info(
    { runId: run.runId, endpoint, wouldCall: worth - deferred, worth },
    'run observed: nothing is called',
  );
  const counts = { planned: worth, synced: 0, failed: 0, deferred, stored: 0 };
  return { state: 'done', error: null, counts };
}

/** How many calls a slot of `ms` (project time) has room for when nothing else calls. */
const roomIn = ({ limit, windowMs }: Policy, ms: number): number =>
  ms > 0 ? limit * Math.max(1, Math.floor(ms / windowMs)) : 0;

const runDurations = durations('paceline.run.duration', 'Runs, from their beginning to their end');
const runItems = meter().createCounter('paceline.run.items', {
  unit: '{item}',
  description: 'Clubs or events that runs have synced, failed to sync, or left for the next slot',
});

/** Counts a run that has ended, and what it came to. */
function measureRun({ kind, mode, state, startedAt, finishedAt, counts }: RunRow): void {
  runDurations.record(((finishedAt ?? startedAt) - startedAt) / 1_000, { kind, mode, state });
  for (const outcome of ['synced', 'failed', 'deferred'] as const)
    runItems.add(counts[outcome], { kind, mode, outcome });
}
