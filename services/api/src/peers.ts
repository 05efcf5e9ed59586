import type { Budget } from '@paceline/shared/definition';
import {
  catalog,
  type ChangeSchedule,
  type Coordination,
  type FreshnessReport,
  type JudgedSchedule,
  type JudgeSchedule,
  type Operation,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
  type ScheduleAnswer,
  type WindowsView,
} from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';

/** Another service does not answer, or can't do now what it was asked for. */
export class ServiceAway extends Error {
  override name = 'ServiceAway';
}

/** What an operator does to one budget. */
export type BudgetOperation =
  | { readonly do: 'pause'; readonly until: number }
  | { readonly do: 'resume' | 'release' | 'forget_policy' }
  | { readonly do: 'set_policy'; readonly policy: { readonly limit: number; readonly windowMs: number } };

/** The limiter, for one account. @throws {BrokerAway | ServiceAway} */
export interface Limiter {
  /** @param options.waiting how many waiting requests are listed @param options.timeoutMs real */
  windows(options?: { waiting?: number; timeoutMs?: number }): Promise<WindowsView>;
  operate(budget: Budget, operation: BudgetOperation): Promise<void>;
  status(): Promise<Coordination>;
}

/** The scheduler. @throws {BrokerAway | ServiceAway} */
export interface Scheduler {
  schedule(): Promise<ScheduleAnswer>;
  judge(asked: JudgeSchedule): Promise<JudgedSchedule>;
  change(asked: ChangeSchedule): Promise<ScheduleAnswer>;
}

/** The other services, as the API asks them. */
export interface Peers {
  readonly limiter: Limiter;
  readonly scheduler: Scheduler;
  /** event-sync: how fresh its copies are, and so many of the next events. @throws {BrokerAway | ServiceAway} */
  readonly freshness: (next: number) => Promise<FreshnessReport>;
}

/** Real ms; to judge a complicated schedule takes seconds. */
const defaultTimeoutMs = 2_000;
const judgeTimeoutMs = 25_000;

export function peersOf(broker: Broker, account: string): Peers {
  const ask = async <M extends RequestMessage>(
    service: string,
    message: M,
    address: Parameters<typeof request<M>>[2],
    payload: PayloadOf<M>,
    timeoutMs = defaultTimeoutMs,
  ): Promise<ReplyOf<M>> => {
    const bus = await broker.reach();
    try {
      return await request(bus, message, address, payload, timeoutMs);
    } catch (error) {
      throw new ServiceAway(`${service} does not answer`, { cause: error });
    }
  };
  const partition = partitionOf(account);
  return {
    limiter: {
      windows({ waiting, timeoutMs } = {}) {
        const query = { account, ...(waiting !== undefined && { waiting }) };
        return ask('The limiter', catalog.windows, { partition }, query, timeoutMs);
      },
      async operate(endpoint, operation) {
        const payload: Operation = { ...operation, account, endpoint };
        const { answer } = await ask('The limiter', catalog.operate, { partition }, payload);
        if (answer !== 'operated') throw new ServiceAway('The limiter can not commit right now');
      },
      status: () => ask('The limiter', catalog.status, { partition }, { account }),
    },
    scheduler: {
      schedule: () => ask('The scheduler', catalog.scheduleNow, {}, {}),
      judge: (asked) => ask('The scheduler', catalog.judgeSchedule, {}, asked, judgeTimeoutMs),
      change: (asked) => ask('The scheduler', catalog.changeSchedule, {}, asked, judgeTimeoutMs),
    },
    freshness: (next) => ask('event-sync', catalog.freshness, {}, { next }),
  };
}
