import { createVirtualClock } from '@paceline/shared/clock';
import { catalog, type Fact, type PermitChange } from '@paceline/shared/contracts';
import { connect, createBus, provision, subscribe } from '@paceline/shared/messaging';
import { eventually, testLog } from '@paceline/shared/testing';
import { sharedBrokerAccount } from '@paceline/shared/testing/backend';
import { expect, it } from 'vitest';
import { announceOn } from './announce.ts';

it('publishes the permit changes of 200 ms as one event, and the rest when it is flushed', async () => {
  const urlOf = await sharedBrokerAccount();
  const connection = await connect(urlOf('admin'), 'provision');
  await provision(connection);
  const bus = createBus(connection, testLog('announce-test'));
  const events: PermitChange[][] = [];
  subscribe(bus, catalog.permitsChanged, {}, ({ changes }) => events.push(changes));
  await connection.flush();
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
  await connection.close();
});
