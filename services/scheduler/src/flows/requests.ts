import type { ScheduleDemand } from '@paceline/planning/plan';
import { isError } from '@paceline/planning/lint';
import type { Clock } from '@paceline/shared/clock';
import {
  catalog,
  type ChangeSchedule,
  type ScheduleCheck,
  type CheckSchedule,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
  type ScheduleReply,
} from '@paceline/shared/contracts';
import { type Bus, respond } from '@paceline/shared/messaging';
import { current, settingsAfter, viewOf, withChange } from '../core/schedule.ts';
import type { ScheduleJudge } from '../adapters/judging.ts';
import type { InForce } from '../adapters/stored.ts';

export interface RequestContext {
  readonly bus: Bus;
  readonly inForce: InForce;
  readonly clock: Clock;
  readonly judge: ScheduleJudge;
  /** What a schedule must do when a request names nothing else. */
  readonly demand: ScheduleDemand;
}

/** Answers requests for the schedule, for what another one would come to, and to put another one in force. */
export function answerRequests(context: RequestContext): void {
  const { bus } = context;
  /** Of several schedulers one answers. What fails is not answered: the requester gives up by itself. */
  const answer = <M extends RequestMessage>(
    message: M,
    work: (payload: PayloadOf<M>) => Promise<ReplyOf<M>>,
  ) => {
    const failed = (error: unknown) =>
      bus.log.error({ err: error, subject: message.subject }, 'request failed');
    respond(bus, message, {}, (payload, reply) => void work(payload).then(reply, failed), 'scheduler');
  };
  answer(catalog.currentSchedule, () => now(context));
  answer(catalog.checkSchedule, (asked) => judgeOne(context, asked));
  answer(catalog.changeSchedule, (asked) => change(context, asked));
}

async function now({ inForce, clock }: RequestContext): Promise<ScheduleReply> {
  const { version, kept } = await inForce.read();
  return { answer: 'in_force', schedule: viewOf(version, kept, clock.now()) };
}

async function judgeOne(
  { inForce, clock, judge, demand }: RequestContext,
  { change: wanted, things, promises }: CheckSchedule,
): Promise<ScheduleCheck> {
  const { periods } = (await inForce.read()).kept;
  const settings = settingsAfter(current(periods).settings, wanted);
  return judge({
    settings,
    demand: { ...demand, things, promises: [...demand.promises, ...promises] },
    now: clock.now(),
  });
}

/** JudgedPlan first, and again when another change was faster and the request names no version. */
async function change(context: RequestContext, asked: ChangeSchedule): Promise<ScheduleReply> {
  const { bus, inForce, clock, judge, demand } = context;
  for (;;) {
    const { version, kept } = await inForce.read();
    if (asked.version !== null && asked.version !== version) return { answer: 'changed_meanwhile', version };
    // What is configured was never refused, so it is not refused as a way back either.
    if (asked.change && !asked.despiteErrors) {
      const settings = settingsAfter(current(kept.periods).settings, asked.change);
      const judged = await judge({ settings, demand, now: clock.now() });
      if (judged.findings.some(isError)) return { answer: 'refused', check: judged };
    }
    // In force from when it is written, not from when it was asked for.
    const after = withChange(kept, asked.change, Math.round(clock.now()));
    const written = await inForce.replace(version, after);
    if (written) {
      const { settings } = current(after.periods);
      bus.log.info({ version: written.version, settings }, 'another schedule is in force');
      return { answer: 'in_force', schedule: viewOf(written.version, after, clock.now()) };
    }
  }
}
