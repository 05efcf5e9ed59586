import { createVirtualClock } from '@paceline/shared/clock';
import { budgets, mapValues } from '@paceline/shared/definition';
import { afterAll, describe, expect, it } from 'vitest';
import { riderIds } from './world/riders.ts';
import { startSandbox } from './sandbox.ts';
import { callerOf } from './testing/caller.ts';

const evening = Date.UTC(2026, 0, 14, 19);
const clock = createVirtualClock(evening);
const unlimited = { limit: 1000, windowMs: 1000 };
const policies = mapValues(budgets, () => unlimited);
const sandbox = await startSandbox({ clock, policies, latency: false });
afterAll(() => sandbox.close());
const call = callerOf(sandbox);

interface Rider {
  riderId: number;
  zpFTP: number;
}
const get = async <Body>(path: string, body?: unknown) => (await (await call(path, body)).json()) as Body;
const ids = (riders: readonly Rider[]) => riders.map(({ riderId }) => riderId);

describe('the key', () => {
  it.each(['', 'wrong', 'Bearer sandbox-key', 'constructor'])('%j is rejected', async (key) => {
    const response = await callerOf(sandbox, key)('/public/clubs/20650');
    expect(response.status).toBe(401);
    expect(await response.text()).toBe('Unauthorized');
  });

  it('is sent without a scheme', async () => {
    expect((await call('/public/clubs/20650')).status).toBe(200);
  });
});

describe('clubs', () => {
  it('have a name and complete riders, in ascending order', async () => {
    const club = await get<{ clubId: number; name: string; riders: Rider[] }>('/public/clubs/20650');
    expect(club).toMatchObject({ clubId: 20650, name: 'Paceline Racing' });
    expect(club.riders).toHaveLength(120);
    expect(ids(club.riders)).toEqual(ids(club.riders).toSorted((a, b) => a - b));
    expect(club.riders[0]).toHaveProperty('phenotype.scores');
  });

  it('over 1000 riders need a second page, whose cursor is inclusive', async () => {
    const first = await get<{ riders: Rider[] }>('/public/clubs/20652');
    expect(first.riders).toHaveLength(1000);
    const last = ids(first.riders).at(-1) ?? 0;
    const again = await get<{ riders: Rider[] }>(`/public/clubs/20652/${last}`);
    expect(ids(again.riders)[0]).toBe(last);
    const rest = await get<{ riders: Rider[] }>(`/public/clubs/20652/${last + 1}`);
    expect(rest.riders).toHaveLength(300);
    expect((await get<{ riders: Rider[] }>('/public/clubs/20652/9999999')).riders).toEqual([]);
  });

  it('that do not exist are a 404 in JSON', async () => {
    const response = await call('/public/clubs/1');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'Not found' });
  });
});

describe('riders', () => {
  it('are the same object on their own, in bulk and on a club page', async () => {
    const [member] = (await get<{ riders: Rider[] }>('/public/clubs/20651')).riders;
    expect(await get(`/public/riders/${member?.riderId}`)).toEqual(member);
    expect(await get('/public/riders', [member?.riderId])).toEqual([member]);
  });

  it('come unordered and once each in bulk, without unknown ones', async () => {
    const requested = Array.from({ length: 30 }, (_, index) => 200_000 + index);
    const riders = await get<Rider[]>('/public/riders', [1, ...requested, requested[0], riderIds.last + 1]);
    expect(ids(riders)).not.toEqual(requested);
    expect(ids(riders).toSorted((a, b) => a - b)).toEqual(requested);
  });

  it.each([
    ['no list', { ids: [1] }],
    ['more than 1000', Array.from({ length: 1001 }, (_, index) => index)],
    ['fractions', [1.5]],
    ['text', ['200000']],
  ])('cannot be requested with %s', async (_, body) => {
    expect((await call('/public/riders', body)).status).toBe(400);
  });

  it('cannot be requested with invalid JSON', async () => {
    expect((await call('/public/riders', undefined, { method: 'POST', body: '[1,' })).status).toBe(400);
  });

  it('can be requested as of a time in the past', async () => {
    const monthAgo = evening / 1000 - 30 * 86_400;
    const requested = Array.from({ length: 20 }, (_, index) => 300_000 + index);
    const now = await get<Rider[]>('/public/riders', requested);
    const then = await get<Rider[]>(`/public/riders/${monthAgo}`, requested);
    expect(new Set(ids(then))).toEqual(new Set(ids(now)));
    const powers = (riders: readonly Rider[]) =>
      new Map(riders.map(({ riderId, zpFTP }) => [riderId, zpFTP]));
    expect(powers(then)).not.toEqual(powers(now));
    expect(await get(`/public/riders/300000/${monthAgo}`)).toEqual(
      then.find(({ riderId }) => riderId === 300_000),
    );
  });

  it('that do not exist are a 404 on their own', async () => {
    expect((await call(`/public/riders/${riderIds.first}`)).status).toBe(200);
    expect((await call(`/public/riders/${riderIds.first - 1}`)).status).toBe(404);
  });
});

describe('events', () => {
  it('have a list, an object each, signups and results', async () => {
    const list =
      await get<{ eventId: string; signups: string; categories: string }[]>('/public/events/upcoming');
    expect(list.length).toBeGreaterThan(700);
    const event = list.find(({ categories }) => categories !== '');
    expect(await get(`/public/events/${event?.eventId}`)).toEqual(event);
    const pens = await get<{ riders: Rider[] }[]>(`/public/event_signups/${event?.eventId}`);
    expect(pens.map(({ riders }) => riders.length).join(',')).toBe(event?.signups);
    expect(await get(`/public/results/${event?.eventId}`)).toMatchObject({
      eventId: event?.eventId,
      results: [],
    });
    expect(await get(`/public/zp/${event?.eventId}/results`)).toEqual([]);
  });

  it.each(['events', 'event_signups', 'results'])('that do not exist are a 404 under /%s', async (path) => {
    expect((await call(`/public/${path}/49`)).status).toBe(404);
  });
});

it('any other path is a 404 that counts against no budget', async () => {
  expect((await call('/public/nothing')).status).toBe(404);
  expect((await call('/public/riders/abc')).status).toBe(404);
  expect(sandbox.audit().at(-1)).toMatchObject({ budget: null, verdict: 'not_found', status: 404 });
});

it.each([
  ['/public/clubs/20650', 'clubs'],
  ['/public/clubs/20650/1', 'clubs'],
  ['/public/riders/200000', 'riders_single'],
  ['/public/riders/200000/1700000000', 'riders_single'],
  ['/public/results/1', 'results'],
  ['/public/zp/1/results', 'results'],
  ['/public/events/upcoming', 'events'],
  ['/public/events/1', 'events'],
  ['/public/event_signups/1', 'signups'],
] as const)('GET %s counts against the budget %s', async (path, budget) => {
  await call(path);
  expect(sandbox.audit().at(-1)).toMatchObject({ method: 'GET', path: `/api${path}`, budget });
});

it.each(['/public/riders', '/public/riders/1700000000'])(
  'POST %s counts against the bulk budget',
  async (path) => {
    await call(path, []);
    expect(sandbox.audit().at(-1)).toMatchObject({ method: 'POST', budget: 'riders_bulk' });
  },
);
