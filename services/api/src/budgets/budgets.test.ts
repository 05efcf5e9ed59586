import { budgetNames } from '@paceline/shared/definition';
import type { Outcome } from '@paceline/shared/contracts';
import { accountOf, createLimiters, type Limiters } from '@paceline/shared/limiter';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, send as sendTo, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';
import { budgetView } from './view.ts';

const { zwiftracing } = loadUpstreams({});
let test: TestApi;
let limiter: { stop(): Promise<void> };
let clients: Limiters;

beforeAll(async () => {
  test = await startTestApi();
  limiter = await runRealLimiter(test);
  clients = createLimiters(await test.busOf('rider-sync'), test.clock);
});
afterAll(async () => {
  await clients?.close();
  await limiter?.stop();
  await test?.stop();
});

const send = (method: string, path: string, body?: unknown) =>
  sendTo(`${test.api.url}/v1/budgets/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** Makes a call in the manual lane that ends with `outcome`. */
const call = (endpoint: 'results' | 'events' | 'riders_bulk' | 'clubs', outcome: Outcome) =>
  clients.of(accountOf(apiKey)).withPermit({ endpoint, lane: 'manual_rider_add' }, async (permit) => {
    permit.use();
    permit.settle(outcome);
  });

describe('GET /v1/budgets', () => {
  it('lists every budget with its policy, window and queue', async () => {
    const { status, body } = await test.get('/v1/budgets');
    expect(status).toBe(200);
    expect(body.items.map(({ budget }: { budget: string }) => budget)).toEqual([...budgetNames]);
    expect(body.next).toBeNull();
    expect(body.estimates).toEqual({ kept: 0, missed: 0 });
    expect(body.items[0]).toEqual({
      budget: 'clubs',
      upstream: 'zwiftracing',
      label: 'Clubs',
      policy: { limit: 1, windowSeconds: 3_600, from: 'documented', since: null },
      documented: { limit: 1, windowSeconds: 3_600 },
      advertised: null,
      permits: [],
      used: 0,
      earlier: [],
      foreign: null,
      reserve: 1,
      aligned: null,
      available: 1,
      freeAt: null,
      pausedUntil: { upstream: null, operator: null },
      probing: false,
      unknownUntil: null,
      waiting: { count: 0, requests: [] },
      lastRejected: null,
    });
  });

  it('is paginated', async () => {
    const first = (await test.get('/v1/budgets?limit=4')).body;
    const second = (await test.get(`/v1/budgets?limit=4&cursor=${first.next}`)).body;
    const seen = [...first.items, ...second.items].map(({ budget }: { budget: string }) => budget);
    expect(seen).toEqual([...budgetNames]);
    expect(second.next).toBeNull();
  });

  it('shows a permit from its start until it leaves the window', async () => {
    await call('results', { result: 'answered', status: 200 });
    await test.until(async () => {
      const { body } = await send('GET', 'results');
      expect(body).toMatchObject({ available: 0, permits: [{ lane: 'manual_rider_add', settled: true }] });
      expect(body.freeAt).toBe(body.permits[0].leavesAt);
    });
  });

  it('shows a looser limit that headers advertise beside the one in force', () => {
    const view = budgetView(
      zwiftracing,
      windowOf('signups', { advertised: { limit: 3_000, windowMs: 900_000 } }),
    );
    expect(view).toMatchObject({
      policy: { limit: 1, windowSeconds: 60, from: 'documented' },
      advertised: { limit: 3_000, windowSeconds: 900 },
    });
  });

  it('shows the cause of the last 429 and the limit that was learned from it', async () => {
    const learned = { limit: 1, windowMs: 600_000 };
    await call('events', { result: 'answered', status: 429, retryAfterMs: 597_000, learned });
    await test.until(async () => {
      const { body } = await send('GET', 'events');
      expect(body).toMatchObject({
        policy: { limit: 1, windowSeconds: 600, from: 'upstream' },
        documented: { limit: 1, windowSeconds: 60 },
        probing: true,
        lastRejected: { attribution: 'policy_changed' },
      });
      expect(Date.parse(body.pausedUntil.upstream)).toBeGreaterThan(test.clock.now());
    });
  });
});

describe('the upstreams', () => {
  it('are listed with their lanes, and the budgets that each of their calls counts in', async () => {
    const { items } = (await test.get('/v1/upstreams')).body;
    expect(items).toMatchObject([{ upstream: 'zwiftracing', label: 'ZwiftRacing' }]);
    expect(items[0].lanes[0]).toEqual({
      lane: 'manual_rider_add',
      label: 'add rider',
      color: 'amber',
      forced: true,
    });
    expect(items[0].endpoints).toContainEqual({
      endpoint: 'signups',
      label: 'Signups',
      calls: ['GET /public/event_signups/:id'],
      budgets: ['signups'],
    });
  });
});

describe('an operator', () => {
  it('pauses a budget and resumes it', async () => {
    const paused = await send('PUT', 'signups/pause', { forSeconds: 3_600 });
    expect(paused.status).toBe(200);
    expect(paused.body).toMatchObject({ budget: 'signups', available: 0 });
    expect(Date.parse(paused.body.pausedUntil.operator)).toBeGreaterThan(test.clock.now());
    const resumed = await send('DELETE', 'signups/pause');
    expect(resumed.body).toMatchObject({ available: 1, pausedUntil: { operator: null } });
  });

  it('ends a pause after a 429', async () => {
    await call('riders_bulk', { result: 'answered', status: 429, retryAfterMs: 3_600_000 });
    await test.until(async () =>
      expect((await send('GET', 'riders_bulk')).body.pausedUntil.upstream).not.toBeNull(),
    );
    const { body } = await send('DELETE', 'riders_bulk/pause?by=upstream');
    expect(body).toMatchObject({ pausedUntil: { upstream: null }, probing: true });
  });

  it('sets a limit and resets it', async () => {
    const set = await send('PUT', 'riders_single/policy', { limit: 3, windowSeconds: 60 });
    expect(set.body.policy).toMatchObject({ limit: 3, windowSeconds: 60, from: 'operator' });
    const forgotten = await send('DELETE', 'riders_single/policy');
    expect(forgotten.body.policy).toEqual({ limit: 5, windowSeconds: 60, from: 'documented', since: null });
  });

  it.each([
    ['PUT', 'nonsense/pause', { forSeconds: 1 }, 'budget'],
    ['PUT', 'clubs/pause', {}, 'until'],
    ['PUT', 'clubs/pause', { forSeconds: 0 }, 'forSeconds'],
    ['PUT', 'clubs/pause', { forSeconds: 1, until: '2026-03-01T12:00:00Z' }, 'until'],
    ['PUT', 'clubs/pause', { until: 'tomorrow' }, 'until'],
    ['PUT', 'clubs/pause', { until: '2020-03-01T12:00:00Z' }, 'until'],
    ['DELETE', 'clubs/pause?by=me', undefined, 'by'],
    ['PUT', 'clubs/policy', { limit: 0, windowSeconds: 60 }, 'limit'],
    ['PUT', 'clubs/policy', { limit: 1.5, windowSeconds: 60 }, 'limit'],
    ['PUT', 'clubs/policy', { limit: 1 }, 'windowSeconds'],
    ['PUT', 'clubs/policy', { limit: 1, windowSeconds: 1e9 }, 'windowSeconds'],
  ])('%s %s with %j gets an error for the field %s', async (method, path, body, field) => {
    const rejected = await send(method, path, body);
    expect(rejected.status).toBe(400);
    expect(rejected.headers.get('content-type')).toBe('application/problem+json');
    expect(rejected.body.errors.map((each: { field: string }) => each.field)).toContain(field);
  });
});

describe('GET /v1/queue', () => {
  it('lists all waiting requests with lane, age and estimate', async () => {
    const cancelling = new AbortController();
    const request = { endpoint: 'clubs', lane: 'rider_sync', signal: cancelling.signal } as const;
    await call('clubs', { result: 'answered', status: 200 });
    const waiting = Array.from({ length: 12 }, () =>
      clients
        .of(accountOf(apiKey))
        .withPermit(request, () => Promise.resolve())
        .catch(() => undefined),
    );
    await test.until(async () => {
      const { body } = await test.get('/v1/queue');
      expect(body.waiting).toBe(12);
      const clubs = body.budgets.find(({ budget }: { budget: string }) => budget === 'clubs');
      expect(clubs).toMatchObject({ waiting: 12, lanes: [{ lane: 'rider_sync', waiting: 12 }] });
      expect(clubs.requests.map(({ position }: { position: number }) => position)).toEqual(
        Array.from({ length: 12 }, (_, index) => index + 1),
      );
      expect(Date.parse(clubs.requests[0].estimatedAt)).toBeGreaterThan(Date.parse(body.at));
    });
    cancelling.abort();
    await Promise.all(waiting);
    await test.until(async () => expect((await test.get('/v1/queue')).body.waiting).toBe(0));
  });
});

describe('the response to a command', () => {
  it('has the state of the window in its RateLimit headers', async () => {
    const { status, headers } = await test.post('/v1/riders', { riderId: 1 });
    expect(status).toBe(202);
    expect(headers.get('ratelimit-policy')).toBe('"riders_single";q=5;w=60');
    expect(headers.get('ratelimit')).toBe('"riders_single";r=5;t=0');
  });
});

describe('without a limiter', () => {
  it('reads and changes of budgets return 503', async () => {
    await limiter.stop();
    limiter = { stop: async () => undefined };
    expect((await test.get('/v1/budgets')).status).toBe(503);
    expect((await send('PUT', 'clubs/pause', { forSeconds: 60 })).status).toBe(503);
  });
});
