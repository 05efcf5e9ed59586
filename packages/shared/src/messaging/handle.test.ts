import { jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AddRider, catalog, deadLetterSubject, durableOf } from '../contracts/index.ts';
import { eventually, testLog } from '../testing/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import {
  type Bus,
  connect,
  createBus,
  deadLetter,
  done,
  type WorkConsumer,
  handle,
  provision,
  publish,
  release,
  retryAfter,
  type Settlement,
} from './index.ts';

const log = testLog('messaging-test');
const message = catalog.addRider;
let urlFor: Awaited<ReturnType<typeof sharedBrokerAccount>>;
let admin: NatsConnection;
let api: Bus;
let worker: Bus;
const handlings: WorkConsumer[] = [];

const command = (riderId: number): AddRider => ({ commandId: `c${riderId}`, riderId, requestedAt: 0 });

/** Starts a handler. @returns the ids of the riders that it received */
async function work(handler: (payload: AddRider) => Settlement | Promise<Settlement>): Promise<number[]> {
  const seen: number[] = [];
  handlings.push(
    await handle(worker, message, async (payload) => {
      seen.push(payload.riderId);
      return handler(payload);
    }),
  );
  return seen;
}

async function deadLetters(): Promise<Array<{ body: string; reason: string }>> {
  const { streams } = await jetstreamManager(admin);
  const { state } = await streams.info('DEAD_LETTERS', {
    subjects_filter: deadLetterSubject(message.subject),
  });
  const stored = await Promise.all(
    Array.from({ length: state.messages }, (_, index) =>
      streams.getMessage('DEAD_LETTERS', { seq: state.first_seq + index }),
    ),
  );
  return stored.flatMap((each) =>
    each ? [{ body: each.string(), reason: each.header.get('Dead-Letter-Reason') }] : [],
  );
}

const unhandled = async () => {
  const { streams } = await jetstreamManager(admin);
  return (await streams.info('COMMANDS')).state.messages;
};

beforeAll(async () => {
  urlFor = await sharedBrokerAccount();
  admin = await connect(urlFor('admin'), 'provision');
  await provision(admin);
  api = createBus(await connect(urlFor('api'), 'api'), log);
  worker = createBus(await connect(urlFor('rider-sync'), 'rider-sync'), log);
});

afterEach(async () => {
  await Promise.all(handlings.splice(0).map((handling) => handling.stop()));
  const { streams } = await jetstreamManager(admin);
  await streams.purge('COMMANDS');
  await streams.purge('DEAD_LETTERS');
});

afterAll(async () => {
  await Promise.all([admin, api?.connection, worker?.connection].map((connection) => connection?.close()));
});

describe('work message', () => {
  it('is removed from its stream when done', async () => {
    const seen = await work(() => done);
    await publish(api, message, command(1));
    await eventually(async () => {
      expect(seen).toEqual([1]);
      expect(await unhandled()).toBe(0);
    });
  });

  it('is stored once when the sender repeats it', async () => {
    const seen = await work(() => done);
    expect(await publish(api, message, command(2), { id: 'same' })).toMatchObject({ duplicate: false });
    expect(await publish(api, message, command(2), { id: 'same' })).toMatchObject({ duplicate: true });
    await publish(api, message, command(3));
    await eventually(() => expect(seen).toEqual([2, 3]));
  });

  it('is stored under another id when the broker lost it but still remembers its id', async () => {
    // This happens rarely, during an election, and cannot be provoked.
    const forgetfulClient = {
      publish: (...args: Parameters<typeof api.js.publish>) =>
        args[2]?.msgID === 'lost' ? { duplicate: true, seq: 0 } : api.js.publish(...args),
    };
    const bus = { ...api, js: forgetfulClient as unknown as typeof api.js };
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const published = publish(bus, message, command(4), { id: 'lost' });
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    expect(await published).toEqual({ duplicate: false, sequence: expect.any(Number) });
    const seen = await work(() => done);
    await eventually(() => expect(seen).toEqual([4]));
  });

  it('is redelivered when its handler requests a retry or throws', async () => {
    let attempts = 0;
    const seen = await work(() => {
      attempts += 1;
      if (attempts === 1) return retryAfter(1, 'not yet');
      if (attempts === 2) throw new Error('temporary failure');
      return done;
    });
    await publish(api, message, command(4));
    await eventually(async () => {
      expect(seen).toEqual([4, 4, 4]);
      expect(await unhandled()).toBe(0);
    });
  });

  it('goes to another process when released, and the first one takes none until it is ready', async () => {
    const ready = Promise.withResolvers<void>();
    const attempts: string[] = [];
    const other = createBus(await connect(urlFor('rider-sync'), 'rider-sync'), log);
    const alone = await handle(worker, message, async ({ riderId }) => {
      attempts.push(`first ${riderId}`);
      return attempts.length === 1 ? release(ready.promise, 'no database') : done;
    });
    await publish(api, message, command(11));
    await eventually(() => expect(attempts).toEqual(['first 11']));
    handlings.push(
      await handle(other, message, async ({ riderId }) => {
        attempts.push(`second ${riderId}`);
        return done;
      }),
    );
    await eventually(() => expect(attempts).toEqual(['first 11', 'second 11']));
    const more = [12, 13, 14, 15, 16, 17];
    for (const riderId of more) await publish(api, message, command(riderId));
    await eventually(async () => expect(await unhandled()).toBe(0));
    expect(attempts.slice(2).toSorted()).toEqual(more.map((riderId) => `second ${riderId}`));
    ready.resolve();
    for (const handling of [alone, ...handlings.splice(0)]) await handling.stop();
    await other.connection.close();
  });

  it('is rejected at the sender when its payload is invalid', async () => {
    await expect(async () => publish(api, message, command(-5))).rejects.toThrow('riderId');
  });

  it.each([
    ['not JSON', 'hello', 'is not JSON'],
    ['of another shape', '{"commandId":"c","riderId":"abc","requestedAt":0}', 'riderId'],
    ['not valid UTF-8', new Uint8Array([0xff, 0xfe]), 'is not JSON'],
  ])(
    'is dead-lettered with the reason when it is %s, without blocking the stream',
    async (_, body, reason) => {
      const seen = await work(() => done);
      admin.publish(message.subject, body);
      await publish(api, message, command(6));
      await eventually(async () => {
        expect(seen).toEqual([6]);
        expect(await unhandled()).toBe(0);
        const [letter] = await deadLetters();
        expect(letter?.reason).toContain(reason);
        if (typeof body === 'string') expect(letter?.body).toBe(body);
      });
    },
  );

  it('is dead-lettered when its handler decides so', async () => {
    await work(() => deadLetter('no such rider, ever'));
    await publish(api, message, command(7));
    await eventually(async () => {
      expect(await deadLetters()).toEqual([
        { body: JSON.stringify(command(7)), reason: 'no such rider, ever' },
      ]);
      expect(await unhandled()).toBe(0);
    });
  });

  it('is redelivered to another process when the first one dies', async () => {
    const dying = createBus(await connect(urlFor('rider-sync'), 'rider-sync'), log);
    await handle(dying, message, () => new Promise(() => undefined));
    await publish(api, message, command(8));
    await eventually(async () => expect((await consumerInfo()).num_ack_pending).toBe(1));
    const seen = await work(() => done);
    await dying.connection.close();
    // The broker redelivers it after this long without a heartbeat.
    await setAckWait(50);
    await eventually(() => expect(new Set(seen)).toEqual(new Set([8])));
    await setAckWait(message.delivery.ackWaitMs);
  });
});

const durable = durableOf(message);
async function consumerInfo() {
  const { consumers } = await jetstreamManager(admin);
  return consumers.info('COMMANDS', durable);
}
async function setAckWait(ms: number) {
  const { consumers } = await jetstreamManager(admin);
  await consumers.update('COMMANDS', durable, { ack_wait: nanos(ms) });
}

describe('broker user', () => {
  it('cannot publish on the subjects of another service', async () => {
    await expect(publish(worker, message, command(10))).rejects.toThrow();
    expect(await unhandled()).toBe(0);
  });
});
