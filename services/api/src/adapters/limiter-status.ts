import { catalog, type Coordination } from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';
import { ServiceAway } from './service-away.ts';

/** Asks the limiter how one account stands. @throws {BrokerAway | ServiceAway} */
export type LimiterStatus = (timeoutMs: number) => Promise<Coordination>;

export function limiterStatus(broker: Broker, account: string): LimiterStatus {
  const partition = partitionOf(account);
  return async (timeoutMs) => {
    const bus = await broker.reach();
    try {
      return await request(bus, catalog.status, { partition }, { account }, timeoutMs);
    } catch (error) {
      throw new ServiceAway('The limiter does not answer', { cause: error });
    }
  };
}
