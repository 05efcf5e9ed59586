import { catalog, type Fact } from '@paceline/shared/contracts';
import { type Bus, publish, signal } from '@paceline/shared/messaging';
import type { Announcements } from './partition.ts';

/** Tells waiters of their turn, and everybody else what happened: what is lost here is only news. */
export function announceOn(bus: Bus): Announcements {
  const tell = (told: Promise<unknown>) => {
    told.catch((error: unknown) => bus.log.warn({ err: error }, 'an event could not be published'));
  };
  return {
    offers({ offers }) {
      for (const { client, offer } of offers) signal(bus, catalog.offer, { client }, offer);
    },
    conflicts({ conflicts }) {
      for (const conflict of conflicts) {
        bus.log.info(conflict, 'conflict: one lane waits for another');
        tell(publish(bus, catalog.conflict, conflict));
      }
    },
    facts(facts) {
      for (const fact of facts) announceFact(fact, bus, tell);
    },
  };
}

function announceFact(fact: Fact, bus: Bus, tell: (told: Promise<unknown>) => void): void {
  switch (fact.fact) {
    case 'started': {
      const { account, endpoint, interval } = fact;
      const { permit, lane, startedAt: at } = interval;
      bus.log.info({ account, endpoint, lane, permit }, 'permit started');
      tell(publish(bus, catalog.permitChanged, { permit, account, endpoint, lane, at, change: 'started' }));
      return;
    }
    case 'settled': {
      const { account, endpoint, permit, outcome, at } = fact;
      bus.log.info({ endpoint, permit, outcome }, 'permit settled');
      tell(
        publish(bus, catalog.permitChanged, { change: 'settled', permit, account, endpoint, outcome, at }),
      );
      return;
    }
    case 'returned': {
      const { account, endpoint, permit, at } = fact;
      bus.log.info({ endpoint, permit }, 'permit returned: its call was never sent');
      tell(publish(bus, catalog.permitChanged, { change: 'returned', permit, account, endpoint, at }));
      return;
    }
    case 'paused': {
      const { account, endpoint, until, at } = fact;
      const message = `Upstream answered 429 on ${endpoint}: closed until ${new Date(until).toISOString()}`;
      bus.log.error({ account, endpoint, until }, message);
      tell(publish(bus, catalog.alert, { type: 'rate_limit_exceeded', at, account, endpoint, message }));
      return;
    }
    default:
  }
}
