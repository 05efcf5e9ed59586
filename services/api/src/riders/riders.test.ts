import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { riderRow, someTime } from '../testing/rows.ts';

/** Runs 60 times faster than the machine, to show that ages are in project time. */
let test: TestApi;

beforeAll(async () => {
  test = await startTestApi({ scale: 60 });
  const fetchedAt = test.clock.now() - 3_600_000;
  await test.db.insert(tables.riders).values([
    riderRow(1, {
      name: 'Anna 100% [SWE]',
      gender: 'F',
      country: 'se',
      age: 'Mas',
      heightCm: 170,
      weightKg: 61.5,
      zpCategory: 'B',
      zpFtp: 250,
      rating: 1803.82,
      ratingMax30: 1811.92,
      ratingMax90: 1820,
      phenotype: 'Climber',
      clubId: 20650,
      clubName: 'Some Club',
      raw: { riderId: 1, power: { w5: 920 } },
      fetchedAt,
    }),
    riderRow(2, { name: 'Bo [SWE]', clubId: 20650 }),
    riderRow(3, { name: 'Cy', clubId: 7 }),
    riderRow(4, { name: 'Dee' }),
    riderRow(5, { name: 'Left [SWE]', clubId: 20650 }),
  ]);
  await test.db.insert(tables.clubMemberships).values([
    { clubId: 20650, riderId: 2, firstSeenAt: 0, lastSeenAt: 0 },
    { clubId: 20650, riderId: 5, firstSeenAt: 0, lastSeenAt: 0, current: false },
  ]);
});
afterAll(() => test?.stop());

const ids = ({ body }: { body: { items: Array<{ riderId: number }> } }) =>
  body.items.map(({ riderId }) => riderId);

describe('GET /v1/riders', () => {
  it('returns items, next and total, each rider with the age of its data in project time', async () => {
    const { status, body } = await test.get('/v1/riders');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['items', 'next', 'total']);
    expect([body.next, body.total]).toEqual([null, 5]);
    const [anna] = body.items;
    expect(anna).toMatchObject({
      riderId: 1,
      name: 'Anna 100% [SWE]',
      ageGroup: 'Mas',
      weightKg: 61.5,
      rating: 1803.82,
      club: { clubId: 20650, name: 'Some Club' },
    });
    const fetchedAt = Date.parse(anna.fetchedAt);
    expect(anna.fetchedAt).toBe(new Date(fetchedAt).toISOString());
    // An hour of project time, plus the time that the test has taken until now.
    expect(anna.ageSeconds).toBeGreaterThanOrEqual(3_600);
    expect(anna.ageSeconds).toBeLessThanOrEqual((test.clock.now() - fetchedAt) / 1_000);
    expect(anna).not.toHaveProperty('raw');
  });

  it('returns null for unknown values', async () => {
    const { body } = await test.get('/v1/riders/4');
    expect(body).toMatchObject({ gender: null, rating: null, club: null, ageGroup: null });
  });

  it('pages through all riders, once each, although riders are added in between', async () => {
    const first = await test.get('/v1/riders?limit=2');
    expect(ids(first)).toEqual([1, 2]);
    await test.db.insert(tables.riders).values(riderRow(6)).onConflictDoNothing();
    const second = await test.get(`/v1/riders?limit=2&cursor=${first.body.next}`);
    expect(ids(second)).toEqual([3, 4]);
    const third = await test.get(`/v1/riders?limit=2&cursor=${second.body.next}`);
    expect(ids(third)).toEqual([5, 6]);
    expect(third.body.next).toBeNull();
  });

  it('filters by club, without riders who have left it', async () => {
    expect(ids(await test.get('/v1/riders?clubId=20650'))).toEqual([1, 2]);
    expect(ids(await test.get('/v1/riders?clubId=999'))).toEqual([]);
  });

  it('finds parts of names case-insensitively, without wildcards', async () => {
    expect(ids(await test.get('/v1/riders?q=%5Bswe%5D&clubId=20650'))).toEqual([1, 2]);
    expect(ids(await test.get('/v1/riders?q=100%25'))).toEqual([1]);
    expect(ids(await test.get('/v1/riders?q=_o'))).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['clubId=-1', 'clubId'],
    ['q=', 'q'],
    ['q=%00', 'q'],
    ['cursor=nonsense', 'cursor'],
    [`cursor=${Buffer.from('["commands",1,"x"]').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('["riders","1"]').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('["riders",99999999999]').toString('base64url')}`, 'cursor'],
  ])('rejects %s, naming the field', async (query, field) => {
    const { status, headers, body } = await test.get(`/v1/riders?${query}`);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body.type).toBe('/docs/problems#invalid-input');
    expect(body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });
});

describe('GET /v1/riders/:riderId', () => {
  it('returns the rider with the raw data from upstream', async () => {
    const { status, body } = await test.get('/v1/riders/1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ riderId: 1, heightCm: 170, raw: { riderId: 1, power: { w5: 920 } } });
  });

  it('returns 404 for a rider that is not stored', async () => {
    const { status, body } = await test.get('/v1/riders/77');
    expect(status).toBe(404);
    expect(body).toMatchObject({ type: '/docs/problems#not-found', instance: '/v1/riders/77', errors: [] });
  });

  it.each(['abc', '0', '-1', '1.5', '1e3', '2147483648', '%00', '%E0%A4%A'])(
    'rejects the id %s, naming the field',
    async (id) => {
      const { status, body } = await test.get(`/v1/riders/${id}`);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ field: 'riderId' }]);
    },
  );
});

describe('GET /v1/riders/{id}/history', () => {
  it('lists the changes of a rider, newest first, page by page', async () => {
    await test.db.insert(tables.riders).values(riderRow(900_001));
    const history = [1, 2, 3].map((day) => ({
      riderId: 900_001,
      recordedAt: someTime + day * 86_400_000,
      rating: 1_500 + day,
      raw: { day },
    }));
    await test.db.insert(tables.riderHistory).values(history);
    const first = (await test.get('/v1/riders/900001/history?limit=2')).body;
    const second = (await test.get(`/v1/riders/900001/history?limit=2&cursor=${first.next}`)).body;
    const ratings = [...first.items, ...second.items].map(({ rating }: { rating: number }) => rating);
    expect(ratings).toEqual([1_503, 1_502, 1_501]);
    expect(first.items[0]).toEqual({
      recordedAt: '2026-03-04T12:00:00.000Z',
      rating: 1_503,
      weightKg: null,
      zpFtp: null,
      raw: { day: 3 },
    });
    expect((await test.get('/v1/riders/900002/history')).status).toBe(404);
  });
});
