import { catalog, type Fact } from '@paceline/shared/contracts';
import { type Bus, publish, signal } from '@paceline/shared/messaging';
import type { Announce } from './partition.ts';

/** Tells waiters of their turn, and everybody else what happened: what is lost here is only news. */
export function announceOn(bus: Bus): Announce {
  const tell = async (publish: () => unknown) => {
    try {
      await publish();
    } catch (error) {
      bus.log.warn({ err: error }, 'an event could not be published');
    }
  };
  return ({ offers, conflicts, facts }) => {
    for (const { client, offer } of offers) void tell(() => signal(bus, catalog.offer, { client }, offer));
    for (const conflict of conflicts) {
      bus.log.info(conflict, 'conflict: one sync waits for another');
      void tell(() => publish(bus, catalog.conflict, conflict));
    }
    for (const fact of facts) announceFact(fact, bus, (publishing) => void tell(publishing));
  };
}

function announceFact(fact: Fact, bus: Bus, tell: (publishing: () => unknown) => void): void {
  switch (fact.fact) {
    case 'started': {
      const { account, endpoint, interval } = fact;
      const { permit, lane, startedAt: at } = interval;
      bus.log.info({ account, endpoint, lane, permit }, 'permit started');
      tell(() =>
        publish(bus, catalog.permitChanged, { permit, account, endpoint, lane, at, change: 'started' }),
      );
      return;
    }
    case 'settled': {
      const { account, endpoint, permit, outcome, at } = fact;
      bus.log.info({ endpoint, permit, outcome }, 'permit settled');
      tell(() =>
        publish(bus, catalog.permitChanged, { change: 'settled', permit, account, endpoint, outcome, at }),
      );
      return;
    }
    case 'returned': {
      const { account, endpoint, permit, at } = fact;
      bus.log.info({ endpoint, permit }, 'permit returned: its call was never sent');
      tell(() => publish(bus, catalog.permitChanged, { change: 'returned', permit, account, endpoint, at }));
      return;
    }
    case 'paused': {
      const { account, endpoint, until, at } = fact;
      const message = `Upstream answered 429 on ${endpoint}: closed until ${new Date(until).toISOString()}`;
      bus.log.error({ account, endpoint, until }, message);
      tell(() =>
        publish(bus, catalog.alert, { type: 'rate_limit_exceeded', at, account, endpoint, message }),
      );
      return;
    }
    default:
  }
}
