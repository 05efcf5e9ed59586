import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';
import { startUpstream, type TestUpstream } from '../testing/upstream.ts';

const operator = 'the-token-of-an-operator';
const viewer = 'the-token-of-a-viewer';
const program = 'the-token-of-a-program';
const rider = '/upstream/zwiftracing/public/riders/4500001';
let upstream: TestUpstream;
let test: TestApi;
let limiter: { stop(): Promise<void> };

beforeAll(async () => {
  upstream = await startUpstream();
  test = await startTestApi({
    env: {
      API_TOKEN: operator,
      API_VIEWER_TOKEN: viewer,
      API_PROGRAM_TOKENS: `backup=another-token-of-one, export=${program}`,
      API_UPSTREAMS: 'zwiftracing',
      ZWIFTRACING_BASE_URL: upstream.baseUrl,
    },
  });
  limiter = await runRealLimiter(test);
});
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
  upstream?.stop();
});

const call = (path: string, token: string | undefined, headers: Record<string, string> = {}) =>
  test.during(
    send(test.api.url + path, {
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    }),
  );

describe('the token of a program', () => {
  it('allows calls of upstreams, with the name of the program in the call log', async () => {
    const { status, headers } = await call(rider, program);
    expect(status).toBe(200);
    await test.until(async () => {
      const rows = await test.db.select().from(tables.syncLogs);
      expect(rows).toMatchObject([{ caller: 'export', permit: headers.get('paceline-permit') }]);
    });
    const { items } = (await call('/v1/permits', operator)).body;
    expect(items).toMatchObject([{ program: 'export' }]);
  });

  it.each(['/v1/riders', '/v1/budgets', '/v1/stream', '/metrics'])('does not allow %s', async (path) => {
    const { status, body } = await call(path, program);
    expect([status, body.type]).toEqual([403, '/docs/problems#forbidden']);
  });

  it('does not allow a forced lane', async () => {
    const { status, body } = await call(rider, program, { 'paceline-lane': 'manual_rider_add' });
    expect([status, body.type]).toEqual([403, '/docs/problems#lane-not-allowed']);
  });
});

it('a call of an upstream needs a token, and more than that of a viewer', async () => {
  const before = upstream.received.length;
  expect((await call(rider, undefined)).status).toBe(401);
  expect((await call(rider, `${program}x`)).status).toBe(401);
  expect((await call(rider, viewer)).status).toBe(403);
  expect(upstream.received).toHaveLength(before);
});
