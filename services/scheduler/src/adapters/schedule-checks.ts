import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { checkSettings, type PlanCheck, settingsWith } from '@paceline/planning/check';
import type { ScheduleDemand } from '@paceline/planning/plan';
import { schedulesOf, slotsBetween } from '@paceline/planning/slots';
import type { Machine } from '@paceline/shared/clock';
import type { ScheduleCheck, ScheduleSettings } from '@paceline/shared/contracts';

export interface CheckRequest {
  readonly settings: ScheduleSettings;
  readonly demand: ScheduleDemand;
  readonly now: number;
}

/** Checks schedules. @throws {Error} when a check, or the wait for earlier checks, takes too long */
export type ScheduleChecker = (request: CheckRequest) => Promise<ScheduleCheck>;

const dayMs = 86_400_000;

/** Results that are kept: that of the schedule in force, and of changes that were tried last. */
const maxKept = 10;

/** Up to this many slots a day, checking takes less time than starting a thread. */
const fewSlots = 500;

/**
 * Checks each schedule once a day, as the result depends on the day only. Those with many slots are checked one at a
 * time in a worker thread, as seconds of computing would delay slots.
 * @param timeoutMs real ms, for the wait and for the check
 */
export function openChecker(machine: Machine, timeoutMs = 20_000): ScheduleChecker {
  const kept = new Map<string, Promise<ScheduleCheck>>();
  let previous: Promise<unknown> = Promise.resolve();
  const inTurn = (request: CheckRequest) => {
    const requestedAt = machine.elapsed();
    const check = previous.then(() => {
      // The requester has timed out by now: skip to later requests.
      if (machine.elapsed() - requestedAt >= timeoutMs)
        throw new Error('too many schedule checks are waiting');
      return inThread(request, machine, timeoutMs);
    });
    previous = check.catch(() => undefined);
    return check;
  };
  const check = async (request: CheckRequest) => {
    const { settings, demand, now } = request;
    const checked = hasFewSlots(request) ? checkSettings(settings, demand, now) : await inTurn(request);
    return resultOf(settings, checked);
  };
  return (request) => {
    const { settings, demand, now } = request;
    const key = JSON.stringify([settings, demand, Math.floor(now / dayMs)]);
    const result = kept.get(key) ?? check(request);
    kept.delete(key);
    kept.set(key, result);
    result.catch(() => kept.delete(key));
    for (const oldest of [...kept.keys()].slice(0, -maxKept)) kept.delete(oldest);
    return result;
  };
}

function hasFewSlots({ settings, now }: CheckRequest): boolean {
  const counts = schedulesOf(settings).map((each) => slotsBetween(each, now, now + dayMs).length);
  return counts.reduce((sum, count) => sum + count, 0) <= fewSlots;
}

const resultOf = (
  settings: ScheduleSettings,
  { findings, forecast, repaired }: PlanCheck,
): ScheduleCheck => ({
  settings,
  findings: findings.map(withWholeMs),
  forecast,
  repaired: settingsWith(settings, repaired),
  goals: repaired.goals,
});

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
