import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createApi } from './api.ts';

/** The status of each response in order, and its `Retry-After` in seconds; then 200. */
let responses: Array<readonly [status: number, retryAfter?: string]>;
let received: Array<{ request: string; key: string | undefined }>;
let server: Server;
let url: string;

beforeEach(async () => {
  [responses, received] = [[], []];
  server = createServer((request, response) => {
    const key = request.headers['idempotency-key'] as string | undefined;
    received.push({ request: `${request.method} ${request.url}`, key });
    const [status, retryAfter] = responses.shift() ?? [200];
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
    response.end('{"detail":"The database does not answer"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await nextTurn();
};
/** Until the client has the n-th response and waits to repeat the request. */
const untilWaiting = (times: number) => until(() => received.length === times && vi.getTimerCount() === 1);

it('a call that the API refuses for the moment is repeated after Retry-After, not earlier', async () => {
  responses = [
    [503, '5'],
    [429, '2'],
  ];
  const call = createApi({ url }).call('GET /v1/schedule');
  await untilWaiting(1);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(received).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  await untilWaiting(2);
  await vi.advanceTimersByTimeAsync(2_000);
  await call;
  expect(received.map(({ request }) => request)).toEqual(Array(3).fill('GET /v1/schedule'));
});

it('a POST is repeated with the same idempotency key, and each call has its own', async () => {
  responses = [[503, '0']];
  const api = createApi({ url });
  const add = () => api.call('POST /v1/riders', { body: { riderId: 7 } });
  const first = add();
  await untilWaiting(1);
  await vi.advanceTimersByTimeAsync(0);
  await first;
  await add();
  const [refused, repeated, other] = received.map(({ key }) => key);
  expect(refused).toMatch(/^.{10,}$/);
  expect(repeated).toBe(refused);
  expect(other).not.toBe(refused);
});

it.each<[string, Array<readonly [number, string?]>, number?]>([
  [
    'after two retries',
    [
      [503, '0'],
      [503, '0'],
      [503, '0'],
    ],
  ],
  ['when the wait would be longer than 30 s', [[429, '31']]],
  ['without Retry-After', [[503]]],
  ['with retries turned off', [[503, '5']], 0],
])('gives the error of the API %s', async (_, refusals, retries) => {
  responses = refusals;
  const times = refusals.length;
  const call = createApi({ url, ...(retries !== undefined && { retries }) }).call('GET /v1/schedule');
  const error = call.catch(({ message }: Error) => message);
  for (let waits = 1; waits < times; waits += 1) {
    await untilWaiting(waits);
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(await error).toBe('The database does not answer');
  expect(received).toHaveLength(times);
});

it.each(['the call', 'the client'])('%s can be aborted while it waits', async (whose) => {
  responses = [[503, '5']];
  const stop = new AbortController();
  const { signal } = stop;
  const call = createApi({ url, ...(whose === 'the client' && { signal }) }).call('GET /v1/schedule', {
    ...(whose === 'the call' && { signal }),
  });
  const error = call.catch(({ message }: Error) => message);
  await untilWaiting(1);
  stop.abort(new Error('no longer needed'));
  expect(await error).toBe('no longer needed');
  expect([received.length, vi.getTimerCount()]).toEqual([1, 0]);
});

it('a change of one version is not repeated: it may have been carried out, and would then be refused', async () => {
  responses = [[503, '0']];
  const change = { headers: { 'if-match': '"3"' }, body: { timeZone: 'UTC' } };
  await expect(createApi({ url }).call('PUT /v1/schedule', change)).rejects.toThrow('does not answer');
  expect(received).toHaveLength(1);
});
