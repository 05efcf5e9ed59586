import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type JudgedPlan, settingsWith } from '@paceline/planning/judge';
import type { ScheduleDemand } from '@paceline/planning/plan';
import type { Machine } from '@paceline/shared/clock';
import type { ScheduleCheck, ScheduleSettings } from '@paceline/shared/contracts';

export interface JudgeRequest {
  readonly settings: ScheduleSettings;
  readonly demand: ScheduleDemand;
  readonly now: number;
}

/** Judges schedules, one after the other. @throws {Error} when one takes too long, or waits so long for those before it */
export type ScheduleJudge = (judgement: JudgeRequest) => Promise<ScheduleCheck>;

/** Judges in a thread, as seconds of computing would delay slots. `patience`: real ms to wait, and to take */
export function judgeApart(machine: Machine, patience = 20_000): ScheduleJudge {
  let before: Promise<unknown> = Promise.resolve();
  return (judgement) => {
    const askedAt = machine.elapsed();
    const judging = before.then(() => {
      // The request has timed out by now: later ones go first.
      if (machine.elapsed() - askedAt >= patience) throw new Error('too many schedules are judged already');
      return judgeOne(judgement, machine, patience);
    });
    before = judging.catch(() => undefined);
    return judging;
  };
}

async function judgeOne(judgement: JudgeRequest, machine: Machine, patience: number): Promise<ScheduleCheck> {
  const { findings, forecast, repaired } = await inThread(judgement, machine, patience);
  const { settings } = judgement;
  return {
    settings,
    findings: findings.map(inWholeMs),
    forecast,
    repaired: settingsWith(settings, repaired),
    promises: repaired.promises,
  };
}

/** What is promised may end within a millisecond; moments do not. */
const inWholeMs = (finding: JudgedPlan['findings'][number]) => ({
  ...finding,
  timeline: finding.timeline.map(({ at, says }) => ({ at: Math.round(at), says })),
});

async function inThread(judgement: JudgeRequest, machine: Machine, patience: number): Promise<JudgedPlan> {
  const worker = new Worker(new URL('./judge-worker.ts', import.meta.url), { workerData: judgement });
  const tooLong = new AbortController();
  const callOff = machine.after(patience, () => tooLong.abort(new Error('it takes too long to judge')));
  try {
    const [judged] = await once(worker, 'message', tooLong);
    return judged;
  } finally {
    callOff();
    await worker.terminate();
  }
}
