import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type PlanCheck, settingsWith } from '@paceline/planning/check';
import type { ScheduleDemand } from '@paceline/planning/plan';
import type { Machine } from '@paceline/shared/clock';
import type { ScheduleCheck, ScheduleSettings } from '@paceline/shared/contracts';

export interface CheckRequest {
  readonly settings: ScheduleSettings;
  readonly demand: ScheduleDemand;
  readonly now: number;
}

/** Checks schedules, one at a time. @throws {Error} when a check, or the wait for earlier checks, takes too long */
export type ScheduleChecker = (request: CheckRequest) => Promise<ScheduleCheck>;

/**
 * Checks in a worker thread, as seconds of computing would delay slots.
 * @param timeoutMs real ms, for the wait and for the check
 */
export function checkInWorker(machine: Machine, timeoutMs = 20_000): ScheduleChecker {
  let previous: Promise<unknown> = Promise.resolve();
  return (request) => {
    const requestedAt = machine.elapsed();
    const check = previous.then(() => {
      // The requester has timed out by now: skip to later requests.
      if (machine.elapsed() - requestedAt >= timeoutMs)
        throw new Error('too many schedule checks are waiting');
      return checkOne(request, machine, timeoutMs);
    });
    previous = check.catch(() => undefined);
    return check;
  };
}

async function checkOne(request: CheckRequest, machine: Machine, timeoutMs: number): Promise<ScheduleCheck> {
  const { findings, forecast, repaired } = await inThread(request, machine, timeoutMs);
  const { settings } = request;
  return {
    settings,
    findings: findings.map(withWholeMs),
    forecast,
    repaired: settingsWith(settings, repaired),
    goals: repaired.goals,
  };
}

/** Goals can be fractions of a millisecond, timestamps can't. */
const withWholeMs = (finding: PlanCheck['findings'][number]) => ({
  ...finding,
  timeline: finding.timeline.map(({ at, says }) => ({ at: Math.round(at), says })),
});

async function inThread(request: CheckRequest, machine: Machine, timeoutMs: number): Promise<PlanCheck> {
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { workerData: request });
  const timeout = new AbortController();
  const cancelTimer = machine.after(timeoutMs, () => timeout.abort(new Error('schedule check timed out')));
  try {
    const [check] = await once(worker, 'message', timeout);
    return check;
  } finally {
    cancelTimer();
    await worker.terminate();
  }
}
