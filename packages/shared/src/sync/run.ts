import { catalog, type Policy, type Tick } from '../contracts/index.ts';
import {
  DatabaseOutage,
  findUnreadable,
  patienceMs,
  plainError,
  retryDuringOutage,
} from '../database/index.ts';
import type { BudgetName } from '../definition/index.ts';
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
import { releaseMessage, type Transaction } from './database.ts';
import { nowMs, type Sync } from './open.ts';
import {
  endAbandoned,
  endOfRun,
  findRun,
  findTraceparent,
  openRun,
  type RunResult,
  type RunProgress,
  type RunRow,
  type RunWait,
  updateRun,
} from './run-rows.ts';

/** The work of a run. Called again for the same run after an interruption, it continues from the checkpoint. */
export type RunWork = (run: RunRow) => Promise<RunResult>;

/**
 * Runs a slot's sync once, however often its tick is delivered: a finished run is left alone, the run of a dead process
 * is resumed, and an observed run only plans. A slot that is over runs late or is skipped, as its policy says. Shutdown
 * returns the tick immediately, so that the next process resumes it.
 * Also fails abandoned runs of the kind, whose ticks the broker lost.
 */
export async function runSlot(sync: Sync, tick: Tick, work: RunWork, plan: PlanRun): Promise<Settlement> {
  try {
    // Nothing is at stake here yet, so another process can do it.
    const open = () => retryDuringOutage(sync, () => openOrFind(sync, tick), patienceMs);
    const abandoned = await retryDuringOutage(
      sync,
      () => endAbandoned(sync.db, tick, nowMs(sync)),
      patienceMs,
    );
    for (const each of abandoned) await announceRun(sync, each);
    const run = await open();
    if (!run) {
      skip(sync, tick);
      return done;
    }
    await announceRun(sync, run);
    if (run.state !== 'running') return done;
    const attributes = { 'paceline.run': run.runId, 'paceline.slot': run.slotId };
    const links = await linksOf(sync, run, tick);
    // After a database outage the work resumes from the stored checkpoint.
    const resume = () =>
      retryDuringOutage(sync, async () => {
        const current = (await open()) ?? run;
        return current.mode === 'on' ? work(current) : observe(sync, current, plan);
      });
    await inSpan(`run ${run.kind}`, { attributes, links }, (span) => execute(sync, run, resume, span));
    return done;
  } catch (error) {
    if (sync.signal.aborted) return retryAfter(0, 'shutting down');
    if (error instanceof DatabaseOutage) return releaseMessage(sync, error);
    throw error;
  }
}

/** Opens the run of a slot, or finds it; undefined when the slot is over and its run may not start late. */
function openOrFind(sync: Sync, tick: Tick): Promise<RunRow | undefined> {
  const now = nowMs(sync);
  const endsAt = endOfRun(tick, now);
  return endsAt === undefined ? findRun(sync.db, tick.slotId) : openRun(sync.db, { ...tick, endsAt }, now);
}

const slots = meter().createCounter('paceline.slots', { unit: '{slot}' });

function skip({ log }: Sync, { kind, slotId, scheduledFor }: Tick): void {
  slots.add(1, { kind, outcome: 'missed' });
  log.warn({ kind, slotId, scheduledFor }, 'slot missed, skipped: it was over before its run could start');
}

/** Fails the run of a dead-lettered tick, as no process will continue it. */
export const failDeadLetteredRun =
  (sync: Sync) =>
  async (tick: Tick, reason: string): Promise<void> => {
    const { state, runId } = await retryDuringOutage(sync, () => openRun(sync.db, tick, nowMs(sync)));
    if (state !== 'running') return;
    await announceRun(
      sync,
      await finishRun(sync, runId, { state: 'failed', error: `Its tick was dead-lettered: ${reason}` }),
    );
  };

/** Links to the tick that a dead process handled, and to the run that this one continues. */
async function linksOf(sync: Sync, run: RunRow, { continues }: Tick): Promise<Link[]> {
  const before =
    continues === undefined ? null : await retryDuringOutage(sync, () => findTraceparent(sync.db, continues));
  return [run.traceparent, before].flatMap((traceparent) =>
    traceparent === null || traceparent === currentTraceContext().traceparent ? [] : linksTo({ traceparent }),
  );
}

async function execute(sync: Sync, run: RunRow, work: () => Promise<RunResult>, span: Span): Promise<void> {
  const { runId, kind, slotId } = run;
  sync.log.info({ runId, kind, slotId }, 'run started');
  const ending = await work().catch((error: unknown): RunResult => {
    if (sync.signal.aborted || error instanceof DatabaseOutage) throw error;
    const err = plainError(error);
    recordError(span, err);
    sync.log.error({ err, runId }, 'run failed');
    return { state: 'failed', error: err.message };
  });
  const ended = await finishRun(sync, runId, ending);
  const { state, counts, error } = ended;
  measureRun(ended);
  const level = state === 'failed' ? 'error' : state === 'partly_failed' ? 'warn' : 'info';
  const unreadable = (await retryDuringOutage(sync, () => findUnreadable(sync.db, [runId]))).get(runId);
  sync.log[level]({ runId, kind, slotId, state, counts, unreadable, error }, 'run finished');
  await announceRun(sync, ended);
}

const finishRun = (sync: Sync, runId: string, ending: RunResult): Promise<RunRow> =>
  retryDuringOutage(sync, () => updateRun(sync.db, runId, { ...ending, finishedAt: nowMs(sync) }));

/**
 * Stores data together with the run's progress, and announces the progress once committed.
 * @param progress a function when it depends on what `write` found
 */
export async function saveProgress(
  sync: Sync,
  runId: string,
  progress: RunProgress | (() => RunProgress),
  write: (tx: Transaction) => Promise<void>,
): Promise<void> {
  const run = await retryDuringOutage(sync, () =>
    sync.db.transaction(async (tx) => {
      await write(tx);
      return updateRun(tx, runId, typeof progress === 'function' ? progress() : progress);
    }),
  );
  await announceRun(sync, run);
}

/** Shows what a run waits for. A failure is only logged, as the run itself does not depend on it. */
export async function showWait(sync: Sync, runId: string, waitingFor: RunWait | null): Promise<void> {
  try {
    await announceRun(sync, await updateRun(sync.db, runId, { waitingFor }));
  } catch (error) {
    sync.log.warn({ err: error, runId }, 'failed to store what a run waits for');
  }
}

/** A failure to publish is only logged: the row is authoritative. */
async function announceRun(
  sync: Sync,
  { runId, kind, slotId, mode, state, counts, error }: RunRow,
): Promise<void> {
  const once = state === 'running' ? {} : { id: `run:${runId}:${state}` };
  try {
    const unreadable = (await findUnreadable(sync.db, [runId])).get(runId);
    const progress = { state, counts, ...(unreadable && { unreadable }), error };
    const change = { runId, kind, slotId, mode, at: nowMs(sync), ...progress };
    await publish(sync.bus, catalog.runChanged, change, once);
  } catch (error_) {
    sync.log.warn({ err: error_, runId }, 'failed to publish a run change');
  }
}

/** What a run would call. */
export interface RunPlan {
  readonly endpoint: BudgetName;
  /** How many clubs or events would need a call of that budget. */
  readonly candidates: number;
}

/** Plans the run of a sync kind from stored data, without any calls. */
export type PlanRun = (run: RunRow) => Promise<RunPlan>;

/** An observed run plans and counts, but makes no calls. As in a real run, what doesn't fit into its slot is deferred. */
async function observe({ limiter, clock, log }: Sync, run: RunRow, plan: PlanRun): Promise<RunResult> {
  const { endpoint, candidates } = await plan(run);
  const fitting = callsFitting(await limiter.policyOf(endpoint), run.slotEndsAt - clock.now());
  const deferred = Math.max(0, candidates - fitting);
  log.info(
    { runId: run.runId, endpoint, wouldCall: candidates - deferred, candidates },
    'run observed, no calls made',
  );
  const counts = { planned: candidates, synced: 0, failed: 0, deferred, stored: 0 };
  return { state: 'done', error: null, counts };
}

/** How many calls fit into `ms` of project time when nothing else uses the budget. */
const callsFitting = ({ limit, windowMs }: Policy, ms: number): number =>
  ms > 0 ? limit * Math.max(1, Math.floor(ms / windowMs)) : 0;

const runDurations = durations('paceline.run.duration', 'Duration of runs');
const runItems = meter().createCounter('paceline.run.items', {
  unit: '{item}',
  description: 'Clubs or events that runs synced, failed to sync or deferred to the next slot',
});

/** Records the metrics of a finished run. */
function measureRun({ kind, mode, state, startedAt, finishedAt, counts }: RunRow): void {
  runDurations.record(((finishedAt ?? startedAt) - startedAt) / 1_000, { kind, mode, state });
  for (const outcome of ['synced', 'failed', 'deferred'] as const)
    runItems.add(counts[outcome], { kind, mode, outcome });
}
