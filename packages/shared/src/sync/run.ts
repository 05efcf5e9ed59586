import { catalog, type Tick } from '../contracts/index.ts';
import { done, publish, retryAfter, type Settlement } from '../messaging/index.ts';
import {
  currentTraceContext,
  inSpan,
  type Link,
  linksTo,
  recordError,
  type Span,
} from '../telemetry/index.ts';
import { measureRun } from './measure-run.ts';
import { observe, type PlanRun } from './observe.ts';
import type { Sync } from './open.ts';
import { plainError } from './plain-error.ts';
import {
  advanceRun,
  endAbandoned,
  findTraceparent,
  finishRun,
  openRun,
  type RunEnding,
  type RunProgress,
  type RunRow,
  type Transaction,
} from './runs.ts';
import { throughOutages } from './through-outages.ts';

/** What a kind of sync does in its run; may be called again for the same run, and goes on from its checkpoint. */
export type RunWork = (run: RunRow) => Promise<RunEnding>;

/**
 * Runs a slot's sync, once, however often its tick comes: a run that has ended is left alone, one that a dead process
 * began is taken up. One that is observed only plans. Shutdown gives the tick back at once, so that the next process goes on.
 * Ends as failed what of its kind was abandoned: a tick that the broker lost comes to nobody.
 */
export async function runSlot(sync: Sync, tick: Tick, work: RunWork, plan: PlanRun): Promise<Settlement> {
  try {
    const open = () => openRun(sync.db, tick, moment(sync));
    const abandoned = await throughOutages(sync, () => endAbandoned(sync.db, tick, moment(sync)));
    for (const each of abandoned) await tellRun(sync, each);
    const run = await throughOutages(sync, open);
    await tellRun(sync, run);
    if (run.state !== 'running') return done;
    const attributes = { 'paceline.run': run.runId, 'paceline.slot': run.slotId };
    const links = await linksOf(sync, run, tick);
    // An outage within the work: it is taken up again as it is stored by then.
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

/** Ends the run of a tick that was set aside as failed: nobody will carry it on. */
export const giveUpRun =
  (sync: Sync) =>
  async (tick: Tick, reason: string): Promise<void> => {
    const { state, runId } = await throughOutages(sync, () => openRun(sync.db, tick, moment(sync)));
    if (state !== 'running') return;
    const ending = { state: 'failed', error: `It was given up: ${reason}` } as const;
    await tellRun(sync, await throughOutages(sync, () => finishRun(sync.db, runId, ending, moment(sync))));
  };

/** To the tick that a dead process had taken up, and to the run that this one goes on with: they may be other traces. */
async function linksOf(sync: Sync, run: RunRow, { continues }: Tick): Promise<Link[]> {
  const before =
    continues === undefined ? null : await throughOutages(sync, () => findTraceparent(sync.db, continues));
  return [run.traceparent, before].flatMap((traceparent) =>
    traceparent === null || traceparent === currentTraceContext().traceparent ? [] : linksTo({ traceparent }),
  );
}

async function carryOut(sync: Sync, run: RunRow, work: () => Promise<RunEnding>, span: Span): Promise<void> {
  const { runId, kind, slotId } = run;
  sync.log.info({ runId, kind, slotId }, 'run begins');
  const ending = await work().catch((error: unknown): RunEnding => {
    if (sync.signal.aborted) throw error;
    const err = plainError(error);
    recordError(span, err);
    sync.log.error({ err, runId }, 'run broke off');
    return { state: 'failed', error: err.message };
  });
  const ended = await throughOutages(sync, () => finishRun(sync.db, runId, ending, moment(sync)));
  const { state, counts, error } = ended;
  measureRun(ended);
  sync.log[state === 'failed' ? 'error' : 'info']({ runId, kind, slotId, state, counts, error }, 'run ends');
  await tellRun(sync, ended);
}

/** Stores data together with what it means for the run, and tells of it once it is committed. */
export async function saveProgress(
  sync: Sync,
  runId: string,
  progress: RunProgress,
  write: (tx: Transaction) => Promise<void>,
): Promise<void> {
  const run = await throughOutages(sync, () =>
    sync.db.transaction(async (tx) => {
      await write(tx);
      return advanceRun(tx, runId, progress);
    }),
  );
  await tellRun(sync, run);
}

/** What can't be told is only news: the row is the truth. */
async function tellRun(
  sync: Sync,
  { runId, kind, slotId, mode, state, counts, error }: RunRow,
): Promise<void> {
  const at = moment(sync);
  const once = state === 'running' ? {} : { id: `run:${runId}:${state}` };
  const change = { runId, kind, slotId, mode, state, at, counts, error };
  await publish(sync.bus, catalog.runChanged, change, once).catch((reason: unknown) => {
    sync.log.warn({ err: reason, runId }, 'a change of a run could not be published');
  });
}

const moment = ({ clock }: Sync): number => Math.round(clock.now());
