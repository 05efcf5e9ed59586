import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandQueue } from './queue.ts';
import { idempotencyKeys } from './idempotency.ts';
import { send, startTestApi, type TestApi, type TestResponse } from '../testing/api.ts';

let test: TestApi;
let otherUrl: string;
beforeAll(async () => {
  test = await startTestApi();
  otherUrl = (await test.startAnother()).url;
});
afterAll(() => test?.stop());

const add = (riderId: number, key: string, base = test.api.url) =>
  send(`${base}/v1/riders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ riderId }),
  });
/** Repeats the request while the first one with the key is in progress (409). */
const addUntilComplete = (riderId: number, key: string, base?: string): Promise<TestResponse> =>
  test.until(async () => {
    const response = await add(riderId, key, base);
    expect(response.status).not.toBe(409);
    return response;
  });
const commandsFor = async (riderId: number) => {
  const rows = await test.db.select().from(tables.commands);
  return rows.filter((row) => row.riderId === riderId);
};

describe('a POST with an Idempotency-Key', () => {
  it('is processed once and gets the same response when repeated, also from another process', async () => {
    const first = await add(1, 'key-1');
    expect(first.status).toBe(202);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    for (const [key, base] of [
      ['key-1', test.api.url],
      ['"key-1"', otherUrl],
    ] as const) {
      const again = await add(1, key, base);
      expect([again.status, again.body]).toEqual([first.status, first.body]);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    expect(await commandsFor(1)).toHaveLength(1);
  });

  it('is processed once when sent many times concurrently to several processes', async () => {
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        addUntilComplete(2, 'key-2', index % 2 ? otherUrl : undefined),
      ),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(responses.map(({ body }) => body.commandId)).size).toBe(1);
    expect(await commandsFor(2)).toHaveLength(1);
  });

  it('gets 409 with Retry-After while the first request is in progress', async () => {
    const slow = send(`${test.api.url}/v1/riders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'key-3', prefer: 'wait=2' },
      body: '{"riderId":3}',
    });
    await test.until(async () => expect(await commandsFor(3)).toHaveLength(1));
    const { status, headers, body } = await add(3, 'key-3', otherUrl);
    expect(status).toBe(409);
    expect(headers.get('retry-after')).toBe('1');
    expect(body.type).toBe('/docs/problems#request-in-progress');
    expect((await addUntilComplete(3, 'key-3')).body).toEqual((await slow).body);
  });

  it('is rejected with another body', async () => {
    expect((await add(4, 'key-4')).status).toBe(202);
    const { status, body } = await add(5, 'key-4');
    expect(status).toBe(422);
    expect(body.type).toBe('/docs/problems#idempotency-key-reused');
    expect(await commandsFor(5)).toEqual([]);
  });

  it('gets the same error each time if it is invalid', async () => {
    const [first, again] = [await add(-1, 'key-5'), await add(-1, 'key-5')];
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([' ', 'x'.repeat(256), 'a b'])('is rejected with the key "%s"', async (key) => {
    const { status, body } = await add(6, key);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'idempotency-key' }]);
  });

  it('keeps its command id if the first process died', async () => {
    const { body } = await add(7, 'key-7');
    // As if the process had died a while ago, after publishing and before responding.
    await test.db.update(tables.idempotencyKeys).set({ answer: null, takenAt: test.clock.now() - 60_000 });
    const again = await add(7, 'key-7', otherUrl);
    expect(again.body.commandId).toBe(body.commandId);
    expect(await commandsFor(7)).toHaveLength(1);
  });

  it('is new again once its response is past the retention time', async () => {
    const { body } = await add(9, 'key-9');
    const takenAt = test.clock.now() - 86_400_001;
    await test.db.update(tables.idempotencyKeys).set({ takenAt });
    // While it waits, another add of the rider would be the same command.
    await test.db.update(tables.commands).set({ finishedAt: Math.round(test.clock.now()) });
    expect((await add(9, 'key-9')).body.commandId).not.toBe(body.commandId);
  });
});

describe('a request whose key was claimed by a later one', () => {
  const response = { status: 202, headers: {}, body: '{}' };
  let now: number;
  const keys = () =>
    idempotencyKeys(test.db, commandQueue(10), test.clock.machine, () => ({
      now,
      keptSince: 0,
      abandonedSince: now - 45_000,
    }));
  async function claim(key: string) {
    const state = await keys().claim({ caller: '', key, request: 'the same' });
    if (state.state !== 'new') throw new Error(`the key is ${state.state}`);
    return state;
  }

  it('neither releases the key nor stores its response', async () => {
    now = test.clock.now();
    const first = await claim('lost-1');
    now += 60_000;
    const second = await claim('lost-1');
    expect(second.reservedId).toBe(first.reservedId);

    await keys().release(first);
    await keys().saveResponse(first, { ...response, status: 200 });
    expect(await keys().claim(first)).toEqual({ state: 'in_progress' });
    await keys().saveResponse(second, response);
    expect(await keys().claim(first)).toEqual({ state: 'completed', response });
  });

  it('keeps its id after a failure, and gets it back immediately when repeated', async () => {
    now = test.clock.now();
    const first = await claim('released-1');
    await keys().release(first);
    expect((await claim('released-1')).reservedId).toBe(first.reservedId);
  });
});
