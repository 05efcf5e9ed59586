import { manualMachine } from '@paceline/shared/clock';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { sharedBroker } from '@paceline/shared/testing/backend';
import { expect, it } from 'vitest';
import { startPresence } from './presence.ts';

it('a limiter whose connection closes before it leaves publishes nothing and does not fail', async () => {
  await using place = await sharedBroker();
  const connection = await connect(place.brokerUrl('limiter'), 'limiter');
  const noop = () => undefined;
  const presence = startPresence({
    bus: createBus(connection, createLogger('limiter', 'error')),
    machine: manualMachine(),
    limiter: 'late',
    owns: () => [],
    onRound: noop,
    onChange: noop,
  });
  const drained = connection.drain();
  expect(() => presence.announce()).not.toThrow();
  await drained;
  expect(() => presence.leave()).not.toThrow();
});
