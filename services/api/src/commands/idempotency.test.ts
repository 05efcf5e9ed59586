import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandQueue } from './batches.ts';
import { keysIn } from './idempotency.ts';
import { type Answer, ask, startTestApi, type TestApi } from '../testing/api.ts';

let test: TestApi;
let otherUrl: string;
beforeAll(async () => {
  test = await startTestApi();
  otherUrl = (await test.startAnother()).url;
});
afterAll(() => test?.stop());

const add = (riderId: number, key: string, base = test.api.url) =>
  ask(`${base}/v1/riders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ riderId }),
  });
/** As the answer 409 asks for: sent again until the first request with the key is answered. */
const addUntilAnswered = (riderId: number, key: string, base?: string): Promise<Answer> =>
  test.until(async () => {
    const answer = await add(riderId, key, base);
    expect(answer.status).not.toBe(409);
    return answer;
  });
const commandsFor = async (riderId: number) => {
  const rows = await test.db.select().from(tables.commands);
  return rows.filter((row) => row.riderId === riderId);
};

describe('a POST with an Idempotency-Key', () => {
  it('that is sent again is answered with the same, and does nothing more, also by another process', async () => {
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

  it('is carried out once when it comes many times at once, to several processes', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        addUntilAnswered(2, 'key-2', index % 2 ? otherUrl : undefined),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.commandId)).size).toBe(1);
    expect(await commandsFor(2)).toHaveLength(1);
  });

  it('that is still under way is told to wait', async () => {
    const slow = ask(`${test.api.url}/v1/riders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'key-3', prefer: 'wait=2' },
      body: '{"riderId":3}',
    });
    await test.until(async () => expect(await commandsFor(3)).toHaveLength(1));
    const { status, headers, body } = await add(3, 'key-3', otherUrl);
    expect(status).toBe(409);
    expect(headers.get('retry-after')).toBe('1');
    expect(body.type).toBe('/docs/problems#request-in-progress');
    expect((await addUntilAnswered(3, 'key-3')).body).toEqual((await slow).body);
  });

  it('that asks for something else is refused', async () => {
    expect((await add(4, 'key-4')).status).toBe(202);
    const { status, body } = await add(5, 'key-4');
    expect(status).toBe(422);
    expect(body.type).toBe('/docs/problems#idempotency-key-reused');
    expect(await commandsFor(5)).toEqual([]);
  });

  it('that is wrong is refused with the same words each time', async () => {
    const [first, again] = [await add(-1, 'key-5'), await add(-1, 'key-5')];
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([' ', 'x'.repeat(256), 'a b'])('with the key "%s" is refused', async (key) => {
    const { status, body } = await add(6, key);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'idempotency-key' }]);
  });

  it('whose first process died is taken up under the id that it had', async () => {
    const { body } = await add(7, 'key-7');
    // As if the process had died between handing on and answering, a while ago.
    await test.db.update(tables.idempotencyKeys).set({ answer: null, takenAt: test.clock.now() - 60_000 });
    const again = await add(7, 'key-7', otherUrl);
    expect(again.body.commandId).toBe(body.commandId);
    expect(await commandsFor(7)).toHaveLength(1);
  });

  it('is new again when its answer is older than is kept', async () => {
    const { body } = await add(9, 'key-9');
    const takenAt = test.clock.now() - 86_400_001;
    await test.db.update(tables.idempotencyKeys).set({ takenAt });
    expect((await add(9, 'key-9')).body.commandId).not.toBe(body.commandId);
  });
});

describe('a request that lost its key to a later one', () => {
  const answer = { status: 202, headers: {}, body: '{}' };
  let now: number;
  const keys = () =>
    keysIn(test.db, commandQueue(10), test.clock.machine, () => ({
      now,
      keptSince: 0,
      abandonedSince: now - 45_000,
    }));
  async function take(key: string) {
    const taken = await keys().take({ caller: '', key, request: 'the same' });
    if (taken.is !== 'taken') throw new Error(`the key is ${taken.is}`);
    return taken;
  }

  it('neither gives the key back nor keeps its answer', async () => {
    now = test.clock.now();
    const first = await take('lost-1');
    now += 60_000;
    const second = await take('lost-1');
    expect(second.onceId).toBe(first.onceId);

    await keys().giveBack(first);
    await keys().keepAnswer(first, { ...answer, status: 200 });
    expect(await keys().take(first)).toEqual({ is: 'under_way' });
    await keys().keepAnswer(second, answer);
    expect(await keys().take(first)).toEqual({ is: 'answered', answer });
  });

  it('leaves its id when it is refused: sent again, the request has it at once', async () => {
    now = test.clock.now();
    const first = await take('refused-1');
    await keys().giveBack(first);
    expect((await take('refused-1')).onceId).toBe(first.onceId);
  });
});
