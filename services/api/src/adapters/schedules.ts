import {
  catalog,
  type ChangeSchedule,
  type JudgedSchedule,
  type JudgeSchedule,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
  type ScheduleAnswer,
} from '@paceline/shared/contracts';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';
import { ServiceAway } from './service-away.ts';

/** The schedule, as the scheduler keeps it. @throws {BrokerAway | ServiceAway} */
export interface Schedules {
  now(): Promise<ScheduleAnswer>;
  judge(asked: JudgeSchedule): Promise<JudgedSchedule>;
  change(asked: ChangeSchedule): Promise<ScheduleAnswer>;
}

/** Real ms; to judge a complicated schedule takes seconds. */
const patience = 2_000;
const patienceToJudge = 25_000;

export function schedulesOf(broker: Broker): Schedules {
  const ask = async <M extends RequestMessage>(
    message: M,
    payload: PayloadOf<M>,
    timeoutMs: number,
  ): Promise<ReplyOf<M>> => {
    const bus = await broker.reach();
    try {
      return await request(bus, message, {}, payload, timeoutMs);
    } catch (error) {
      throw new ServiceAway('The scheduler does not answer', { cause: error });
    }
  };
  return {
    now: () => ask(catalog.scheduleNow, {}, patience),
    judge: (asked) => ask(catalog.judgeSchedule, asked, patienceToJudge),
    change: (asked) => ask(catalog.changeSchedule, asked, patienceToJudge),
  };
}
