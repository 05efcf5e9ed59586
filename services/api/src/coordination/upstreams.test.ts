import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { send, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';
import { type Viewer, watch } from '../testing/sse.ts';
import { startUpstream, type TestUpstream } from '../testing/upstream.ts';

const budgets = ['strava:read_15m', 'strava:read_day', 'strava:overall_15m', 'strava:overall_day'];
const ofCall = { upstream: 'strava', endpoint: 'read', budgets };
let upstream: TestUpstream;
let test: TestApi;
let limiter: { stop(): Promise<void> };
let viewer: Viewer;
let permitId: string | null;

beforeAll(async () => {
  vi.stubEnv('UPSTREAMS', 'zwiftracing,strava');
  upstream = await startUpstream();
  test = await startTestApi({
    env: {
      UPSTREAMS: 'zwiftracing,strava',
      API_UPSTREAMS: 'zwiftracing,strava',
      STRAVA_TOKEN: 'a-token-for-tests',
      STRAVA_BASE_URL: upstream.baseUrl,
      ZWIFTRACING_BASE_URL: upstream.baseUrl,
    },
  });
  limiter = await runRealLimiter(test);
  viewer = await test.until(() => watch(`${test.api.url}/v1/stream`, {}));
  // One call, so that the next one has to wait.
  await ask('PUT', '/v1/budgets/strava:read_15m/policy', { limit: 1, windowSeconds: 900 });
  const { headers } = await ask('GET', '/upstream/strava/athlete', undefined, {
    'paceline-lane': 'person',
  });
  permitId = headers.get('paceline-permit');
  await test.pass(1_000);
  await ask('GET', '/upstream/zwiftracing/public/riders/4500001');
});
afterAll(async () => {
  viewer?.stop();
  await limiter?.stop();
  await test?.stop();
  upstream?.stop();
  vi.unstubAllEnvs();
});

const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  test.during(
    send(test.api.url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
const permits = async (query = '') => (await test.get(`/v1/permits${query}`)).body.items;

describe('calls of another upstream', () => {
  it('are among the permits, and found by each budget in which they count', async () => {
    const called = { permitId, ...ofCall, lane: 'person', target: '/athlete', program: 'local' };
    const others = { upstream: 'zwiftracing', endpoint: 'riders_single', budgets: ['riders_single'] };
    await test.until(async () =>
      expect(await permits()).toMatchObject([{ ...called, result: 'answered', status: 200 }, others]),
    );
    for (const budget of budgets) expect(await permits(`?budget=${budget}`)).toMatchObject([called]);
    expect(await permits('?budget=riders_single')).toMatchObject([others]);
    expect(await permits('?budget=signups')).toEqual([]);
  });

  it('are in the stream', async () => {
    await test.until(() => {
      const changes = viewer.events
        .filter(({ type }) => type === 'permits.changed')
        .flatMap(({ data }) => data.changes as object[]);
      expect(changes).toContainEqual(expect.objectContaining({ change: 'started', permitId, ...ofCall }));
      expect(changes).toContainEqual(expect.objectContaining({ change: 'settled', permitId, ...ofCall }));
    });
  });

  it('are in the usage of all budgets', async () => {
    const { rateLimitUsage } = (await test.get('/v1/coordination')).body;
    expect(rateLimitUsage).toMatchObject({
      riders_single: { used: 1 },
      'strava:read_15m': { used: 1, available: 0 },
      'strava:overall_day': { used: 1 },
    });
  });
});

describe('a request for another upstream that waits', () => {
  it('gets the budget that it waits for', async () => {
    const { status, body } = await ask('POST', '/v1/upstreams/strava/permits', {
      ticket: 'backup-1',
      endpoint: 'read',
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting', lane: 'background', budget: 'strava:read_15m' });
  });

  it('is a conflict with the lane that it waits for: in the list, the stream and the state of coordination', async () => {
    const conflict = {
      upstream: 'strava',
      budget: 'strava:read_15m',
      blocked: 'background',
      blockedBy: 'person',
    };
    await test.until(async () => {
      expect((await test.get('/v1/conflicts')).body.items).toMatchObject([conflict]);
      expect(viewer.events.filter(({ type }) => type === 'conflict')).toMatchObject([{ data: conflict }]);
    });
    const { conflicts, queue } = (await test.get('/v1/coordination')).body;
    expect(conflicts).toMatchObject({ count: 1, lastConflict: conflict });
    expect(queue.pending).toBe(1);
  });
});
