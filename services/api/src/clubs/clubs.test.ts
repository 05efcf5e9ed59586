import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { riderRow } from '../testing/rows.ts';
import { runRealScheduler } from '../testing/services.ts';

const day = 86_400_000;
let test: TestApi;
let scheduler: { stop(): Promise<void> };
let now: number;

const iso = (ms: number) => new Date(ms).toISOString();

beforeAll(async () => {
  test = await startTestApi();
  now = test.clock.now();
  scheduler = await runRealScheduler(test);
  await test.db.insert(tables.clubs).values([
    { clubId: 71, name: 'Émile & Co', fetchedAt: now - 60_000 },
    { clubId: 72, name: 'brava', fetchedAt: now - day },
    { clubId: 73, name: 'Zephyr', fetchedAt: now - day },
  ]);
  const race = { current: { mixed: { category: 'Diamond' } } };
  await test.db
    .insert(tables.riders)
    .values([
      riderRow(1, { name: 'Zoë', rating: 1_700, raw: { race } }),
      riderRow(2, { name: 'Émile' }),
      riderRow(3, { name: 'anna' }),
      riderRow(4, { name: 'Finn' }),
      riderRow(5, { name: 'Bo' }),
    ]);
  const known = { clubId: 71, firstSeenAt: now - 100 * day, lastSeenAt: now - 60_000 };
  await test.db.insert(tables.clubMemberships).values([
    { ...known, riderId: 1 },
    { ...known, riderId: 2, firstSeenAt: now - 99.5 * day },
    { ...known, riderId: 3, firstSeenAt: now - 29 * day },
    { ...known, riderId: 4, current: false, lastSeenAt: now - 2 * day },
    { ...known, riderId: 5, current: false, lastSeenAt: now - 31 * day },
    // A club that we have known for a week.
    ...[1, 2].map((riderId) => ({ ...known, clubId: 72, riderId, firstSeenAt: now - 7 * day })),
    { ...known, clubId: 72, riderId: 3, firstSeenAt: now - 5 * day },
  ]);
});
afterAll(async () => {
  await scheduler?.stop();
  await test?.stop();
});

interface ListResponse {
  body: { items: Array<{ clubId: number; riderId: number }>; next: string | null; total: number };
}
const clubIds = ({ body }: ListResponse) => body.items.map(({ clubId }) => clubId);
const riderIds = ({ body }: ListResponse) => body.items.map(({ riderId }) => riderId);

describe('GET /v1/clubs', () => {
  it('lists the clubs with their members, who joined and who left, and when they are refreshed', async () => {
    await test.until(async () => {
      const { body } = await test.get('/v1/clubs');
      expect(body.items[0]).toEqual({
        clubId: 71,
        name: 'Émile & Co',
        members: 3,
        joined30: 1,
        left30: 1,
        fetchedAt: iso(now - 60_000),
        ageSeconds: expect.any(Number),
        // The next slot of the rider sync after 18:00.
        nextRefreshAt: '2026-11-25T00:00:00.000Z',
      });
      expect(body.total).toBe(3);
    });
  });

  it('does not count the members of its first day as joined', async () => {
    expect((await test.get('/v1/clubs/72')).body).toMatchObject({ members: 3, joined30: 1, left30: 0 });
    expect((await test.get('/v1/clubs/73')).body).toMatchObject({ members: 0, joined30: 0, left30: 0 });
  });

  it.each([
    ['sort=clubId&order=desc', [73, 72, 71]],
    ['sort=name', [72, 71, 73]],
    ['sort=members', [73, 71, 72]],
    ['sort=members&order=desc', [72, 71, 73]],
  ])('is sorted by %s, page by page', async (query, expected) => {
    expect(clubIds(await test.get(`/v1/clubs?${query}`))).toEqual(expected);
    const first = await test.get(`/v1/clubs?${query}&limit=2`);
    const second = await test.get(`/v1/clubs?${query}&limit=2&cursor=${first.body.next}`);
    expect([...clubIds(first), ...clubIds(second)]).toEqual(expected);
    expect(second.body.next).toBeNull();
  });
});

describe('GET /v1/clubs/:clubId', () => {
  it('returns 404 for a club that is not stored, also for its members', async () => {
    for (const path of ['/v1/clubs/999', '/v1/clubs/999/members'])
      expect(await test.get(path)).toMatchObject({
        status: 404,
        body: { detail: 'Club 999 is not stored' },
      });
  });
});

describe('GET /v1/clubs/:clubId/members', () => {
  it('lists current and former members by name as people sort names', async () => {
    const response = await test.get('/v1/clubs/71/members');
    expect(riderIds(response)).toEqual([3, 5, 2, 4, 1]);
    expect(response.body.total).toBe(5);
    expect(response.body.items[4]).toEqual({
      riderId: 1,
      name: 'Zoë',
      joinedAt: iso(now - 100 * day),
      leftAt: null,
      current: true,
      rating: 1_700,
      category: 'Diamond',
    });
    expect(response.body.items[3]).toMatchObject({
      current: false,
      leftAt: iso(now - 2 * day),
      category: null,
    });
  });

  it('lists only current or only former members', async () => {
    expect(riderIds(await test.get('/v1/clubs/71/members?current=true'))).toEqual([3, 2, 1]);
    const former = await test.get('/v1/clubs/71/members?current=false');
    expect([riderIds(former), former.body.total]).toEqual([[5, 4], 2]);
  });

  it('is paginated', async () => {
    const first = await test.get('/v1/clubs/71/members?limit=3');
    const second = await test.get(`/v1/clubs/71/members?limit=3&cursor=${first.body.next}`);
    expect([riderIds(first), riderIds(second)]).toEqual([
      [3, 5, 2],
      [4, 1],
    ]);
    expect(second.body.next).toBeNull();
  });
});
