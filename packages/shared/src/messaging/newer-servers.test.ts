import type { NatsConnection } from '@nats-io/nats-core';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalog } from '../contracts/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { testLog } from '../testing/index.ts';
import { type Bus, connect, createBus, publish } from './index.ts';

// Answers that only nats-server 2.11 and newer give, most of them around elections: a subscriber gives them instead.
const command = { commandId: 'c1', riderId: 1, requestedAt: 0 };
const stored = { stream: 'COMMANDS', seq: 7 };
const inProcess = refusal(409, 10_158, 'duplicate message id is in process');
const connections: NatsConnection[] = [];
let admin: NatsConnection;
let bus: Bus;

function refusal(code: number, errorCode: number, description: string) {
  return { error: { code, err_code: errorCode, description }, stream: 'COMMANDS', seq: 0 };
}

beforeEach(async () => {
  // An account without streams: nothing else answers.
  const urlFor = await sharedBrokerAccount();
  admin = await connect(urlFor('admin'), 'provision');
  const api = await connect(urlFor('api'), 'api');
  bus = createBus(api, testLog('newer-servers-test'));
  connections.push(admin, api);
});
afterAll(() => Promise.all(connections.map((connection) => connection.close())));

/** Answers each publish with the next of these, the last one for ever. @returns the message ids received */
async function answer(...answers: object[]): Promise<string[]> {
  const ids: string[] = [];
  admin.subscribe(catalog.addRider.subject, {
    callback: (_, message) => {
      ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
      message.respond(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0]));
    },
  });
  await admin.flush();
  return ids;
}

describe('publishing a message', () => {
  it.each([
    ['is still being stored', inProcess],
    ['meets a stream that takes in too much', refusal(429, 10_167, 'too many requests')],
    [
      'meets a leader that is not up to date',
      refusal(503, 10_163, 'expected last sequence per subject temporarily unavailable'),
    ],
  ])('is repeated under the same id while it %s', async (_, refused) => {
    const ids = await answer(refused, refused, stored);
    expect(await publish(bus, catalog.addRider, command, { id: 'one' })).toEqual({
      duplicate: false,
      sequence: 7,
    });
    expect(ids).toEqual(['one', 'one', 'one']);
  });

  it('continues under another id when it is still not stored after two seconds', async () => {
    const ids = await answer(...Array.from({ length: 9 }, () => inProcess), stored);
    vi.useFakeTimers({ toFake: ['setTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 250 });
    const published = await publish(bus, catalog.addRider, command, { id: 'lost' });
    vi.useRealTimers();
    expect(published).toEqual({ duplicate: false, sequence: 7 });
    expect(ids).toEqual([...Array.from({ length: 9 }, () => 'lost'), 'lost:again']);
  });

  it('fails at once with any other refusal', async () => {
    const ids = await answer(refusal(500, 10_194, 'stream is offline'));
    await expect(publish(bus, catalog.addRider, command, { id: 'one' })).rejects.toThrow('stream is offline');
    expect(ids).toEqual(['one']);
  });
});
