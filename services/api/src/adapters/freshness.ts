import { catalog, type FreshnessReport } from '@paceline/shared/contracts';
import { request } from '@paceline/shared/messaging';
import type { Broker } from './broker.ts';
import { ServiceAway } from './service-away.ts';

/** Asks event-sync how fresh its copies are, and for so many of the next events. @throws {BrokerAway | ServiceAway} */
export type Freshness = (next: number) => Promise<FreshnessReport>;

/** Real ms. */
const patience = 2_000;

export const freshnessWith =
  (broker: Broker): Freshness =>
  async (next) => {
    const bus = await broker.reach();
    try {
      return await request(bus, catalog.freshness, {}, { next }, patience);
    } catch (error) {
      throw new ServiceAway('event-sync does not answer', { cause: error });
    }
  };
