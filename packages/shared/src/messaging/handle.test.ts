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

/** Handles as the real service would and remembers which riders it was given. */
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

describe('work', () => {
  it('is taken off its stream when it is done', async () => {
    const seen = await work(() => done);
    await publish(api, message, command(1));
    await eventually(async () => {
      expect(seen).toEqual([1]);
      expect(await unhandled()).toBe(0);
    });
  });

  it('is published once, however often its sender repeats it', async () => {
    const seen = await work(() => done);
    expect(await publish(api, message, command(2), { id: 'same' })).toMatchObject({ duplicate: false });
    expect(await publish(api, message, command(2), { id: 'same' })).toMatchObject({ duplicate: true });
    await publish(api, message, command(3));
    await eventually(() => expect(seen).toEqual([2, 3]));
  });

  it('is stored under another id when the broker remembers that of one which it lost', async () => {
    // A broker that elects a leader does so now and then, and can't be made to.
    const forgetful = {
      publish: (...args: Parameters<typeof api.js.publish>) =>
        args[2]?.msgID === 'lost' ? { duplicate: true, seq: 0 } : api.js.publish(...args),
    };
    const bus = { ...api, js: forgetful as unknown as typeof api.js };
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const published = publish(bus, message, command(4), { id: 'lost' });
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    expect(await published).toEqual({ duplicate: false, sequence: expect.any(Number) });
    const seen = await work(() => done);
    await eventually(() => expect(seen).toEqual([4]));
  });

  it('comes again when its handler asks for that or throws', async () => {
    let attempts = 0;
    const seen = await work(() => {
      attempts += 1;
      if (attempts === 1) return retryAfter(1, 'not yet');
      if (attempts === 2) throw new Error('stumbled');
      return done;
    });
    await publish(api, message, command(4));
    await eventually(async () => {
      expect(seen).toEqual([4, 4, 4]);
      expect(await unhandled()).toBe(0);
    });
  });

  it('is refused by its own sender when it breaks the contract', async () => {
    await expect(async () => publish(api, message, command(-5))).rejects.toThrow('riderId');
  });

  it.each([
    ['no JSON at all', 'hello', 'is not JSON'],
    ['another shape', '{"commandId":"c","riderId":"abc","requestedAt":0}', 'riderId'],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe]), 'is not JSON'],
  ])('that is %s is set aside with the reason, and the stream goes on', async (_, body, reason) => {
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
  });

  it('that can never be done is set aside as its handler says', async () => {
    await work(() => deadLetter('no such rider, ever'));
    await publish(api, message, command(7));
    await eventually(async () => {
      expect(await deadLetters()).toEqual([
        { body: JSON.stringify(command(7)), reason: 'no such rider, ever' },
      ]);
      expect(await unhandled()).toBe(0);
    });
  });

  it('goes to another handler when the first one dies over it', async () => {
    const dying = createBus(await connect(urlFor('rider-sync'), 'rider-sync'), log);
    await handle(dying, message, () => new Promise(() => undefined));
    await publish(api, message, command(8));
    await eventually(async () => expect((await consumerInfo()).num_ack_pending).toBe(1));
    const seen = await work(() => done);
    await dying.connection.close();
    // The broker gives it to the other one when this has passed since its last sign of life.
    await waitForAck(50);
    await eventually(() => expect(new Set(seen)).toEqual(new Set([8])));
    await waitForAck(message.delivery.ackWaitMs);
  });
});

const durable = durableOf(message);
async function consumerInfo() {
  const { consumers } = await jetstreamManager(admin);
  return consumers.info('COMMANDS', durable);
}
async function waitForAck(ms: number) {
  const { consumers } = await jetstreamManager(admin);
  await consumers.update('COMMANDS', durable, { ack_wait: nanos(ms) });
}

describe('a user of the broker', () => {
  it('may not use the subjects of another service', async () => {
    await expect(publish(worker, message, command(10))).rejects.toThrow();
    expect(await unhandled()).toBe(0);
  });
});
