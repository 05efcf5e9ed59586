import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { catalog, durableOf, services, sharedEventConsumer, streamsOf } from '../contracts/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { eventually, testLog } from '../testing/index.ts';
import {
  connect,
  consumeEvents,
  createBus,
  done,
  eventStream,
  handle,
  openBus,
  type OpenBus,
  provision,
  publish,
  type StoredEvent,
} from './index.ts';

const log = testLog('storage-test');
const long = { timeoutMs: 60_000 };
const message = catalog.addRider;
let urlOf: Awaited<ReturnType<typeof sharedBrokerAccount>>;
let admin: NatsConnection;
let manager: JetStreamManager;
let worker: OpenBus;
let api: OpenBus;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  urlOf = await sharedBrokerAccount();
});
beforeEach(async () => {
  admin = await connect(urlOf('admin'), 'provision');
  await provision(admin);
  manager = await jetstreamManager(admin);
  worker = await openBus(urlOf('rider-sync'), 'rider-sync', log);
  api = await openBus(urlOf('api'), 'api', log);
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  for (const name of ['COMMANDS', 'EVENTS']) await manager.streams.purge(name);
  await Promise.all([admin, worker.bus.connection, api.bus.connection].map((each) => each.close()));
});

/** Handles commands. @returns the ids of the riders that it received */
async function work(): Promise<number[]> {
  const seen: number[] = [];
  const { stop } = await handle(worker.bus, message, async ({ riderId }) => {
    seen.push(riderId);
    return done;
  });
  ends.push(stop);
  return seen;
}
const aConflict = {
  account: 'a',
  lane: 'rider_sync',
  blockedBy: 'far_event_sync',
  endpoint: 'clubs',
  at: 0,
  expectedWaitMs: 1,
} as const;
const command = (riderId: number) =>
  publish(api.bus, message, { commandId: `c${riderId}`, riderId, requestedAt: 0 });
const event = (riderId: number) =>
  publish(worker.bus, catalog.commandChanged, {
    commandId: `c${riderId}`,
    riderId,
    at: 0,
    progress: { state: 'running' },
  });

describe('a durable consumer that vanishes', () => {
  it('is created again by the service that handles its messages, which are all delivered', async () => {
    const seen = await work();
    await command(1);
    // Once acknowledged, it is not delivered again.
    const unhandled = async () => (await manager.streams.info('COMMANDS')).state.messages;
    await eventually(async () => expect([seen, await unhandled()]).toEqual([[1], 0]), long);
    await manager.consumers.delete(message.stream, durableOf(message));
    await command(2);
    await eventually(() => expect(seen).toEqual([1, 2]), long);
    await expect(worker.checks.storage()).resolves.toBeUndefined();
  });

  it('is created again at the start, and by the readiness check', async () => {
    const exists = () => manager.consumers.info(message.stream, durableOf(message));
    await manager.consumers.delete(message.stream, durableOf(message));
    await worker.checks.storage();
    await expect(exists()).resolves.toMatchObject({ config: { filter_subject: message.subject } });
    const { config } = await exists();
    await manager.consumers.delete(message.stream, durableOf(message));
    await work();
    expect((await exists()).config).toEqual(config);
  });

  it('is created again when the API’s processes share it', async () => {
    const seen: string[] = [];
    const history = await consumeEvents(api.bus, async (events) => {
      seen.push(...events.map(({ name }) => name));
    });
    ends.push(history.stop);
    await manager.consumers.delete('EVENTS', sharedEventConsumer.durable);
    await publish(createBus(admin, log), catalog.conflict, aConflict);
    await eventually(() => expect(seen).toEqual(['conflict']), long);
  });
});

describe('a stream that vanishes', () => {
  it('is named by the readiness check, not created by the service, and used again once it is provisioned', async () => {
    const seen = await work();
    await manager.streams.delete('COMMANDS');
    await eventually(
      () =>
        expect(worker.checks.storage()).rejects.toThrow(
          'Missing on the broker: stream COMMANDS. Provision it again',
        ),
      long,
    );
    expect(await manager.streams.names().next()).not.toContain('COMMANDS');
    await provision(admin);
    await command(4);
    await eventually(() => expect(seen).toEqual([4]), long);
    await expect(worker.checks.storage()).resolves.toBeUndefined();
  });

  it('does not end the event stream, which continues with the new one', async () => {
    await event(5);
    await event(6);
    const stream = eventStream(api.bus);
    const seen: StoredEvent[] = [];
    const stopping = new AbortController();
    // Caught from the start: it can fail before the stream's deletion is confirmed.
    const failure = stream
      .follow(0, (each) => seen.push(each), stopping.signal)
      .catch((error: unknown) => error);
    await eventually(() => expect(seen).toHaveLength(2), long);
    await manager.streams.delete('EVENTS');
    expect(await failure).toBeInstanceOf(Error);
    await expect(api.checks.storage()).rejects.toThrow('stream EVENTS');
    await provision(admin);
    await event(7);
    const followedAgain = stream.follow(0, (each) => seen.push(each), stopping.signal);
    await eventually(() => expect(seen).toHaveLength(3), long);
    expect(seen.at(-1)?.sequence).toBe(1);
    expect(seen.at(-1)?.read()).toMatchObject({ payload: { riderId: 7 } });
    stopping.abort();
    await followedAgain;
  });
});

describe('a broker that was emptied', () => {
  it.each(services)('makes %s unready until it is provisioned', async (service) => {
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    const { bus, checks } = await openBus(urlOf(service), service, log);
    const missing = streamsOf(service).map((name) => name.replace(/^KV_(.*)/, 'bucket $1'));
    await expect(checks.storage()).rejects.toThrow(
      `Missing on the broker: ${missing.map((name) => (name.startsWith('bucket') ? name : `stream ${name}`)).join(', ')}.`,
    );
    await provision(admin);
    await expect(checks.storage()).resolves.toBeUndefined();
    await bus.connection.close();
  });
});
