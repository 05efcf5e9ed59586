import { describe, expect, it, afterAll, beforeAll } from 'vitest';
import { networkOf, timeLimit, type ClientLimits, clientLimits } from './limits.ts';
import { Hono } from 'hono';
import { handleError } from './errors.ts';
import { testLog, eventually } from '@paceline/shared/testing';
import type { HttpBindings } from '@hono/node-server';
import { send, type TestResponse } from '../testing/api.ts';
import { requireToken } from './auth.ts';
import { type HttpServer, listenHttp } from './listen.ts';
import { streamTokens } from './stream-tokens.ts';
import { manualMachine } from '@paceline/shared/clock';

describe('the network of a client', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('with address %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

it('responds 503 to a request that takes too long', async () => {
  const app = new Hono();
  app.onError(handleError(testLog('test')));
  app.use(timeLimit(20));
  app.get('/slow', () => new Promise<Response>(() => {}));
  app.get('/fast', (c) => c.text('ok'));
  const slow = await app.request('/slow');
  expect(slow.status).toBe(503);
  expect(slow.headers.get('retry-after')).toBe('5');
  expect(await slow.json()).toMatchObject({ type: '/docs/problems#unavailable' });
  expect((await app.request('/fast')).status).toBe(200);
});

const tokens = { operator: 'a-token-of-sixteen-or-more', viewer: 'a-token-for-read-only-use', programs: {} };
const bearer = (value: string) => ({ headers: { authorization: `Bearer ${value}` } });
const now = Date.UTC(2026, 10, 24, 18);
const streamTokensAt = (at: number) => streamTokens(tokens.operator, manualMachine(at));
const servers: HttpServer[] = [];

/** A server with only these limits, fast enough to finish a test within one window. */
async function serve(limits: ClientLimits): Promise<string> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.onError(handleError(testLog('test')));
  app.on('GET', ['/private', '/v1/stream'], requireToken(tokens, streamTokensAt(now), limits));
  app.use(async (c, next) => {
    await limits.request(c);
    await next();
  });
  app.get('/private', (c) => c.text('ok'));
  app.get('/v1/stream', (c) => c.text('ok'));
  app.get('/open', (c) => c.text('ok'));
  app.get('/stream', (c) => {
    limits.stream(c);
    return c.body(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }));
  });
  const server = await listenHttp((request, bindings) => app.fetch(request, bindings), '127.0.0.1', 0);
  servers.push(server);
  return server.url;
}
afterAll(() => {
  for (const server of servers) server.close();
});

function expectTooMany({ status, headers, body }: TestResponse, limit: string) {
  expect(status).toBe(429);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ type: '/docs/problems#too-many', status: 429 });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(headers.get('ratelimit-policy')).toBe(limit);
  expect(headers.get('ratelimit')).toMatch(/;r=0;t=\d+$/);
}

const statuses = async (count: number, act: () => Promise<TestResponse>) => {
  const responses = await Promise.all(Array.from({ length: count }, act));
  return new Set(responses.map(({ status }) => status));
};

describe('requests', () => {
  let url: string;
  beforeAll(async () => {
    url = await serve(clientLimits(2));
  });

  it('of a client are accepted up to its limit, then get Retry-After; other clients are not affected', async () => {
    const get = () => send(`${url}/private`, bearer(tokens.operator));
    expect(await statuses(20, get)).toEqual(new Set([200]));
    expectTooMany(await get(), '"requests";q=20;w=10');
    expect((await send(`${url}/private`, bearer(tokens.viewer))).status).toBe(200);
    expect((await send(`${url}/open`)).status).toBe(200);
  });

  it('without a token are counted too, accepted or not', async () => {
    await statuses(20, () => send(`${url}/private`));
    expect((await send(`${url}/private`)).status).toBe(429);
    expect((await send(`${url}/open`)).status).toBe(429);
  });
});

it('checks thirty wrong tokens per address, and still accepts a token that was accepted before', async () => {
  const url = await serve(clientLimits(1_000));
  const get = (token: string) => send(`${url}/private`, bearer(token));
  expect((await get(tokens.operator)).status).toBe(200);
  expect(await statuses(30, () => get(`guess-${Math.random()}`))).toEqual(new Set([401]));
  expectTooMany(await get('one-more-guess'), '"wrong_tokens";q=30;w=60');
  expectTooMany(await get(tokens.viewer), '"wrong_tokens";q=30;w=60');
  expect((await get(tokens.operator)).status).toBe(200);
});

describe('tokens for streams', () => {
  /** Requests with tokens that were created `age` ms ago, each in another second. */
  const getsFrom = (url: string, age: number, count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const { token } = streamTokensAt(now - age - index * 1_000).create();
        return (await send(`${url}/v1/stream?token=${token}`)).status;
      }),
    );

  it('share the limits of one client, and those that have expired are limited too', async () => {
    const url = await serve(clientLimits(2));
    expect(new Set(await getsFrom(url, 0, 20))).toEqual(new Set([200]));
    expect(await getsFrom(url, 30_000, 1)).toEqual([429]);
    expect(new Set(await getsFrom(url, 3_600_000, 20))).toEqual(new Set([401]));
    expect(await getsFrom(url, 3_600_000, 1)).toEqual([429]);
    expect((await send(`${url}/private`, bearer(tokens.operator))).status).toBe(200);
  });

  it('are accepted while another client of the network guesses tokens', async () => {
    const url = await serve(clientLimits(1_000));
    const guess = () => send(`${url}/v1/stream?token=${Math.random()}`);
    expect(await statuses(30, guess)).toEqual(new Set([401]));
    expect((await guess()).status).toBe(429);
    expect(await getsFrom(url, 0, 1)).toEqual([200]);
  });
});

it('limits the open streams of a client, and allows another one after one has ended', async () => {
  const url = await serve(clientLimits(1_000, 3));
  const watch = async () => {
    const cancelling = new AbortController();
    const response = await fetch(`${url}/stream`, { signal: cancelling.signal });
    return { response, leave: () => cancelling.abort() };
  };
  const watching = await Promise.all([watch(), watch(), watch()]);
  expect(watching.map(({ response }) => response.status)).toEqual([200, 200, 200]);
  expect((await watch()).response.status).toBe(429);
  watching[0]?.leave();
  await eventually(async () => expect((await watch()).response.status).toBe(200));
});
