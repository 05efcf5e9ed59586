import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { streams } from '../contracts/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { retryUntilFormed } from './bus.ts';
import { connect } from './connection.ts';
import { provision } from './provision.ts';

let connection: NatsConnection;
beforeAll(async () => {
  const urlOf = await sharedBrokerAccount();
  connection = await connect(urlOf('admin'), 'provision');
});
afterAll(() => connection?.close());

const limits = async () => {
  const manager = await jetstreamManager(connection);
  const infos = await Promise.all(streams.map(({ name }) => manager.streams.info(name)));
  return Object.fromEntries(
    infos.map(({ config }) => [config.name, [config.max_age / 1_000_000, config.max_bytes]]),
  );
};

it('sets the limits of new and existing streams from the catalog or the caller', async () => {
  const defaults = Object.fromEntries(
    streams.map(({ name, maxAgeMs, maxBytes }) => [name, [maxAgeMs, maxBytes]]),
  );
  await provision(connection);
  expect(await limits()).toEqual(defaults);
  const bounds = { EVENTS: { maxAgeMs: 3_600_000, maxBytes: 1_048_576 } };
  await provision(connection, 1, bounds);
  expect(await limits()).toEqual({ ...defaults, EVENTS: [3_600_000, 1_048_576] });
  await provision(connection);
  expect(await limits()).toEqual(defaults);
});

it('retries while some servers of a cluster do not know a new stream', async () => {
  const manager = await jetstreamManager(connection);
  let attempts = 0;
  const known = await retryUntilFormed(() => {
    attempts += 1;
    return manager.streams.info(attempts === 1 ? 'NOT_KNOWN_YET' : 'EVENTS');
  });
  expect([attempts, known.config.name]).toEqual([2, 'EVENTS']);
});
