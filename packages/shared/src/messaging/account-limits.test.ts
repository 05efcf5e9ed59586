import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { afterEach, describe, expect, it } from 'vitest';
import { buckets, streams } from '../contracts/index.ts';
import { type TestNats, testNats } from '../testing/index.ts';
import { connect, provision } from './index.ts';

const mebibyte = 1_048_576;
let nats: TestNats | undefined;
let connection: NatsConnection | undefined;

afterEach(async () => {
  await connection?.close();
  await nats?.stop();
});

/** Connects to a broker whose only account has these JetStream limits. */
async function connectWithin(limits: Record<string, unknown>): Promise<NatsConnection> {
  const users = [{ user: 'team', password: 'p' }];
  const jetstream = {
    max_memory: -1,
    max_file: 10_000 * mebibyte,
    max_streams: -1,
    max_consumers: -1,
    ...limits,
  };
  nats = await testNats({ settings: { accounts: { team: { jetstream, users } } } });
  connection = await connect(`nats://team:p@127.0.0.1:${nats.port}`, 'provision');
  return connection;
}

const sizes = async (on: NatsConnection) => {
  const found: Record<string, number> = {};
  for await (const { config } of (await jetstreamManager(on)).streams.list())
    found[config.name] = config.max_bytes / mebibyte;
  return found;
};

describe('an account that requires a size for each stream', () => {
  it('is provisioned with default sizes, and with others on request', async () => {
    const on = await connectWithin({ max_bytes_required: true });
    await provision(on);
    expect(await sizes(on)).toEqual({
      TICKS: 64,
      COMMANDS: 256,
      EVENTS: 512,
      DEAD_LETTERS: 256,
      LIMITER_JOURNAL: 256,
      KV_SCHEDULER: 16,
      KV_SCHEDULE: 16,
      KV_ORIGIN: 16,
    });
    await provision(on, 1, { LIMITER_JOURNAL: { maxBytes: 64 * mebibyte } }, 2 * mebibyte);
    expect(await sizes(on)).toMatchObject({ LIMITER_JOURNAL: 64, KV_SCHEDULE: 2 });
  });
});

describe('a journal with a size', () => {
  it('rejects entries when it is full, also one that dropped the oldest before', async () => {
    const on = await connectWithin({});
    const manager = await jetstreamManager(on);
    const subjects = ['paceline.journal.*'];
    await manager.streams.add({ name: 'LIMITER_JOURNAL', subjects, discard: DiscardPolicy.Old });
    await provision(on);
    const { config } = await manager.streams.info('LIMITER_JOURNAL');
    expect([config.discard, config.max_bytes]).toEqual([DiscardPolicy.New, -1]);
  });
});

describe('an account that is too small', () => {
  it.each([
    [
      'storage',
      { max_file: 300 * mebibyte },
      /^COMMANDS can't .*it reserves 256 MiB; lower RETENTION_COMMANDS_SIZE/,
    ],
    ['the size of a stream', { disk_max_stream_bytes: 100 * mebibyte }, /lower RETENTION_COMMANDS_SIZE/],
    ['streams', { max_streams: 3 }, new RegExp(`must allow ${streams.length + buckets.length} streams`)],
    ['consumers', { max_consumers: 1 }, /must allow more consumers/],
  ])('names what to set when it limits %s', async (_, limits, reason) => {
    const on = await connectWithin(limits);
    await expect(provision(on)).rejects.toThrow(reason);
  });
});
