import type { Budget } from '@paceline/shared/definition';
import {
  catalog,
  type Operation,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
  type WindowsView,
} from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';
import { ServiceAway } from './service-away.ts';

/** What an operator does to one budget. */
export type Deed =
  | { readonly do: 'pause'; readonly until: number }
  | { readonly do: 'resume' | 'release' | 'forget_policy' }
  | { readonly do: 'set_policy'; readonly policy: { readonly limit: number; readonly windowMs: number } };

/** The budgets of one account, as its limiter keeps them. @throws {BrokerAway | ServiceAway} */
export interface Budgets {
  /** @param options.waiting how many of those who wait are told one by one @param options.timeoutMs real */
  windows(options?: { waiting?: number; timeoutMs?: number }): Promise<WindowsView>;
  operate(endpoint: Budget, deed: Deed): Promise<void>;
}

/** Real ms. */
const patience = 2_000;

export function budgetsOf(broker: Broker, account: string): Budgets {
  const partition = partitionOf(account);
  const ask = async <M extends RequestMessage>(
    message: M,
    payload: PayloadOf<M>,
    timeoutMs = patience,
  ): Promise<ReplyOf<M>> => {
    const bus = await broker.reach();
    try {
      return await request(bus, message, { partition }, payload, timeoutMs);
    } catch (error) {
      throw new ServiceAway('The limiter does not answer', { cause: error });
    }
  };
  return {
    windows: ({ waiting, timeoutMs } = {}) =>
      ask(catalog.windows, { account, ...(waiting !== undefined && { waiting }) }, timeoutMs),
    async operate(endpoint, deed) {
      const operation: Operation = { ...deed, account, endpoint };
      const { answer } = await ask(catalog.operate, operation);
      if (answer !== 'operated') throw new ServiceAway('The limiter can not commit right now');
    },
  };
}
