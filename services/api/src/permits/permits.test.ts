import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { send, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';

const operator = 'the-token-of-an-operator';
const program = 'the-token-of-a-program';
const other = 'the-token-of-another';
const permits = '/v1/upstreams/zwiftracing/permits';
let test: TestApi;
let limiter: { stop(): Promise<void> };

beforeAll(async () => {
  test = await startTestApi({
    env: {
      API_TOKEN: operator,
      API_PROGRAM_TOKENS: `export=${program},other=${other}`,
      API_UPSTREAMS: 'zwiftracing',
      ZWIFTRACING_BASE_URL: 'http://127.0.0.1:9',
    },
  });
  limiter = await runRealLimiter(test);
  // A short window, so that tests need not wait long for the next one.
  await ask('PUT', '/v1/budgets/results/policy', { limit: 1, windowSeconds: 1 }, {}, operator);
});
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
});
beforeEach(async () => {
  await test.db.delete(tables.syncLogs);
  await test.pass(2_500);
});

const ask = (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  token = program,
) =>
  test.during(
    send(test.api.url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
const request = (body: object, headers?: Record<string, string>) => ask('POST', permits, body, headers);
const one = { endpoint: 'results' };
const rows = () => test.db.select().from(tables.syncLogs);
const budget = async () => (await ask('GET', '/v1/budgets/results', undefined, {}, operator)).body;

/** Requests a permit and starts it. @returns its address */
async function started(body: object = one): Promise<string> {
  const { headers } = await request(body);
  const address = headers.get('location') ?? '';
  expect((await ask('POST', `${address}/start`)).status).toBe(200);
  return address;
}

/** Uses up the window. */
const spend = async () => ask('POST', `${await started()}/settle`, { status: 200 });

describe('a permit over HTTP', () => {
  it('is granted, started and settled; its call is in the call log', async () => {
    const { status, headers, body } = await request({ call: 'GET /public/results/77', ticket: 'results-77' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      state: 'granted',
      ticket: 'results-77',
      endpoint: 'results',
      lane: 'far_event_sync',
    });
    expect(body.startWithin).toBeGreaterThan(1);
    const address = headers.get('location') ?? '';
    expect(address).toBe(`${permits}/${body.id}`);
    const start = await ask('POST', `${address}/start`);
    expect([start.status, start.body.state]).toEqual([200, 'started']);
    expect(start.body.sendWithin).toBeGreaterThan(1);
    expect(await rows()).toMatchObject([
      { permit: body.id, caller: 'export', target: 'results-77', durationMs: null, status: null },
    ]);
    expect((await ask('POST', `${address}/settle`, { status: 200 })).status).toBe(204);
    expect(await rows()).toMatchObject([
      { status: 200, message: 'answered 200', durationMs: expect.any(Number) },
    ]);
    expect((await budget()).permits).toMatchObject([{ settled: true }]);
  });

  it('can be started, settled and cancelled again without counting again', async () => {
    const address = await started();
    expect((await ask('POST', `${address}/start`)).status).toBe(200);
    for (let turn = 0; turn < 2; turn += 1)
      expect((await ask('POST', `${address}/settle`, { status: 200 })).status).toBe(204);
    expect((await ask('DELETE', address)).status).toBe(204);
    expect(await rows()).toHaveLength(1);
    expect((await budget()).permits).toMatchObject([{ settled: true }]);
  });

  it('cannot be started for another call once its call has ended', async () => {
    const address = await started();
    await ask('POST', `${address}/settle`, { status: 200 });
    const again = await ask('POST', `${address}/start`);
    expect([again.status, again.body.type]).toEqual([410, '/docs/problems#permit-expired']);
    expect(again.body.detail).toBe('The call of this permit has ended; request another one');
    expect(await rows()).toMatchObject([{ status: 200 }]);
  });

  it('counts nothing when it is cancelled instead of sent', async () => {
    const address = await started();
    expect((await ask('DELETE', address)).status).toBe(204);
    expect(await rows()).toEqual([]);
    expect(await budget()).toMatchObject({ permits: [], available: 1 });
  });

  it('counts nothing when it is never started', async () => {
    const { body } = await request(one);
    await test.pass(3_000);
    const late = await ask('POST', `${permits}/${body.id}/start`);
    expect([late.status, late.body.type]).toEqual([410, '/docs/problems#permit-expired']);
    expect(await budget()).toMatchObject({ permits: [], available: 1 });
  });

  it('waits with a place in the queue, which asking again keeps', async () => {
    await spend();
    const first = await request({ ...one, ticket: 'waiting' });
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({ state: 'waiting', position: 1, reason: 'waiting_for_window' });
    expect(first.body.askAgainWithin).toBeGreaterThan(1);
    const again = await request({ ...one, ticket: 'waiting' });
    expect(again.body.id).toBe(first.body.id);
    const { waiting } = await budget();
    expect(waiting).toMatchObject({ count: 1, requests: [{ requestId: first.body.id }] });
    expect((await ask('DELETE', again.headers.get('location') ?? '')).status).toBe(204);
    expect((await budget()).waiting.count).toBe(0);
  });

  it('arrives within the time that its request waits', async () => {
    await spend();
    const { status, headers } = await request(one, { prefer: 'wait=30' });
    expect(status).toBe(201);
    expect(headers.get('preference-applied')).toBe('wait=30');
  });

  it('is refused at once when its deadline cannot be met', async () => {
    await spend();
    const deadline = new Date(test.clock.now() + 1_000).toISOString();
    const { status, headers, body } = await request({ ...one, deadline });
    expect([status, body.type]).toEqual([503, '/docs/problems#no-permit']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('reports what a 429 says to the limiter, in headers or body', async () => {
    const address = await started();
    await ask('POST', `${address}/settle`, {
      status: 429,
      headers: { 'retry-after': '300' },
      body: 'slow down',
    });
    const { upstream: until } = (await budget()).pausedUntil;
    expect(Date.parse(until)).toBeGreaterThan(test.clock.now() + 290_000);
    await ask('DELETE', '/v1/budgets/results/pause?by=upstream', undefined, {}, operator);
  });

  it('belongs to the program that requested it', async () => {
    const { body } = await request(one);
    const address = `${permits}/${body.id}`;
    for (const [method, path, sent] of [
      ['POST', `${address}/start`, undefined],
      ['POST', `${address}/settle`, { status: 200 }],
      ['DELETE', address, undefined],
    ] as const)
      expect((await ask(method, path, sent, {}, other)).status).toBe(404);
    expect((await ask('POST', `${address}/start`)).status).toBe(200);
  });

  it.each([
    [{ endpoint: 'everything' }, 404],
    [{ call: 'GET /public/everything' }, 404],
    [{ call: 'GET /public/riders/../results/1' }, 400],
    [{ endpoint: 'results', lane: 'manual_rider_add' }, 403],
    [{ endpoint: 'results', lane: 'fastest' }, 400],
    [{ endpoint: 'results', call: 'GET /public/results/1' }, 400],
    [{ endpoint: 'results', ticket: 'a:b' }, 400],
    [{}, 400],
  ])('is not given for %j', async (body, status) => {
    expect((await request(body)).status).toBe(status);
  });
});
