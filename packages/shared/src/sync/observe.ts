import type { Budget } from '../definition/index.ts';
import type { Policy } from '../contracts/index.ts';
import type { Sync } from './open.ts';
import type { RunEnding, RunRow } from './runs.ts';

/** What a run would do. */
export interface RunPlan {
  readonly endpoint: Budget;
  /** How many clubs or events are worth a call of that budget. */
  readonly worth: number;
}

/** Says what the run of a kind of sync would do, by what is known without a call. */
export type PlanRun = (run: RunRow) => Promise<RunPlan>;

/**
 * An observed run: it plans and counts, and calls nothing. What its slot has no room for is deferred, as in a run that
 * is on; what it was left by the run before stays as it is.
 */
export async function observe({ limiter, clock, log }: Sync, run: RunRow, plan: PlanRun): Promise<RunEnding> {
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

/** How many calls a slot of `ms` (project time) has room for when nobody else calls. */
export const roomIn = ({ limit, windowMs }: Policy, ms: number): number =>
  ms > 0 ? limit * Math.max(1, Math.floor(ms / windowMs)) : 0;
