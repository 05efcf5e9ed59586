import { createVirtualClock } from '@paceline/shared/clock';
import { catalog, type Fact, type PermitChange } from '@paceline/shared/contracts';
import { type Bus, connect, createBus, provision, subscribe } from '@paceline/shared/messaging';
import { eventually, testLog } from '@paceline/shared/testing';
import { sharedBrokerAccount } from '@paceline/shared/testing/backend';
import { expect, it } from 'vitest';
import { announceOn } from './announce.ts';

async function openBus(): Promise<Bus> {
  const urlOf = await sharedBrokerAccount();
  const connection = await connect(urlOf('admin'), 'provision');
  await provision(connection);
  return createBus(connection, testLog('announce-test'));
}

it('names the upstream of a budget whose calls were rejected', async () => {
  const bus = await openBus();
  const messages: string[] = [];
  subscribe(bus, catalog.alert, {}, ({ message }) => messages.push(message));
  await bus.connection.flush();
  const rejected: Fact = {
    fact: 'rejected',
    account: 'strava:key-1',
    endpoint: 'read_15m',
    permit: 'a',
    at: 1,
    policy: { limit: 100, windowMs: 900_000 },
    attribution: 'foreign_caller',
  };
  announceOn(bus, createVirtualClock().machine, []).turn({ offers: [], conflicts: [], facts: [rejected] });
  await eventually(() =>
    expect(messages).toEqual([expect.stringMatching(/^The API answered 429 for strava:read_15m: /)]),
  );
  await bus.connection.close();
});

it('publishes the permit changes of 200 ms as one event, and the rest when it is flushed', async () => {
  const bus = await openBus();
  const events: PermitChange[][] = [];
  subscribe(bus, catalog.permitsChanged, {}, ({ changes }) => events.push(changes));
  await bus.connection.flush();
  const clock = createVirtualClock();
  const announce = announceOn(bus, clock.machine, []);
  const returned = (permit: string): Fact => ({
    fact: 'returned',
    account: 'a',
    endpoint: 'clubs',
    permit,
    at: 1,
  });
  const turn = (...permits: string[]) =>
    announce.turn({ offers: [], conflicts: [], facts: permits.map(returned) });
  turn('a', 'b');
  await clock.advance(100);
  turn('c');
  await clock.advance(100);
  await eventually(() =>
    expect(events.map((changes) => changes.map(({ permit }) => permit))).toEqual([['a', 'b', 'c']]),
  );
  turn('d');
  await announce.flush();
  await announce.flush();
  await eventually(() => expect(events).toHaveLength(2));
  await bus.connection.close();
});
