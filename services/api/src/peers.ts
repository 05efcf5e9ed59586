import type { Budget } from '@paceline/shared/definition';
import {
  catalog,
  type ChangeSchedule,
  type CheckSchedule,
  type Operation,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
} from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';

/** Another service does not answer, or can't do now what it was asked for. */
export class ServiceAway extends Error {
  override name = 'ServiceAway';
}

type WithoutAddress<T> = T extends Operation ? Omit<T, 'account' | 'endpoint'> : never;
export type BudgetOperation = WithoutAddress<Operation>;

/** Real ms; to judge a complicated schedule takes seconds. */
const defaultTimeoutMs = 2_000;
const judgeTimeoutMs = 25_000;

/** The other services, as the API asks them. @throws {BrokerAway | ServiceAway} each of its functions */
export function peersOf(broker: Broker, account: string) {
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
      windows({ waiting, timeoutMs }: { waiting?: number; timeoutMs?: number } = {}) {
        const query = { account, ...(waiting !== undefined && { waiting }) };
        return ask('The limiter', catalog.windows, { partition }, query, timeoutMs);
      },
      async operate(endpoint: Budget, operation: BudgetOperation): Promise<void> {
        const payload = { ...operation, account, endpoint } as Operation;
        const { answer } = await ask('The limiter', catalog.operate, { partition }, payload);
        if (answer !== 'done') throw new ServiceAway('The limiter can not commit right now');
      },
      status: () => ask('The limiter', catalog.status, { partition }, { account }),
    },
    scheduler: {
      schedule: () => ask('The scheduler', catalog.currentSchedule, {}, {}),
      judge: (asked: CheckSchedule) => ask('The scheduler', catalog.checkSchedule, {}, asked, judgeTimeoutMs),
      change: (asked: ChangeSchedule) =>
        ask('The scheduler', catalog.changeSchedule, {}, asked, judgeTimeoutMs),
    },
    freshness: (next: number) => ask('event-sync', catalog.freshness, {}, { next }),
  };
}

export type Peers = ReturnType<typeof peersOf>;
export type LimiterPeer = Peers['limiter'];
