import { catalog, type Coordination } from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';

/** The limiter does not say how things stand. */
export class LimiterAway extends Error {
  override name = 'LimiterAway';
}

/** Asks the limiter how one account stands. @throws {BrokerAway | LimiterAway} */
export type LimiterStatus = (timeoutMs: number) => Promise<Coordination>;

export function limiterStatus(broker: Broker, account: string): LimiterStatus {
  const partition = partitionOf(account);
  return async (timeoutMs) => {
    const bus = await broker.reach();
    try {
      return await request(bus, catalog.status, { partition }, { account }, timeoutMs);
    } catch (error) {
      throw new LimiterAway('The limiter does not answer', { cause: error });
    }
  };
}
