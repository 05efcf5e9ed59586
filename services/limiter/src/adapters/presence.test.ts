import { thisMachine } from '@paceline/shared/clock';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { testNats } from '@paceline/shared/testing';
import { expect, it } from 'vitest';
import { startPresence } from './presence.ts';

it('a limiter whose connection ends before it could leave says nothing more, and does not fail', async () => {
  await using nats = await testNats();
  const connection = await connect(nats.url, 'limiter');
  const nothing = () => undefined;
  const presence = startPresence({
    bus: createBus(connection, createLogger('limiter', 'error')),
    machine: thisMachine,
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
