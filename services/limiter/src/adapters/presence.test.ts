import { manualMachine } from '@paceline/shared/clock';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { sharedBroker } from '@paceline/shared/testing/backend';
import { expect, it } from 'vitest';
import { startPresence } from './presence.ts';

it('a limiter whose connection ends before it could leave says nothing more, and does not fail', async () => {
  await using place = await sharedBroker();
  const connection = await connect(place.brokerUrl('limiter'), 'limiter');
  const nothing = () => undefined;
  const presence = startPresence({
    bus: createBus(connection, createLogger('limiter', 'error')),
    machine: manualMachine(),
    limiter: 'late',
    owns: () => [],
    onRound: nothing,
    onNews: nothing,
  });
  const drained = connection.drain();
  expect(() => presence.tell()).not.toThrow();
  await drained;
  expect(() => presence.leave()).not.toThrow();
});
