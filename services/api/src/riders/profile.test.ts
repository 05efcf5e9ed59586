import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { riderRow } from '../testing/rows.ts';

const day = 86_400_000;
/** The API's clock starts on a Tuesday at 18:00; weeks end on Thursdays at 00:00, counted from the epoch. */
let test: TestApi;
let now: number;
const iso = (ms: number) => new Date(ms).toISOString();

beforeAll(async () => {
  test = await startTestApi();
  now = test.clock.now();
  const date = Math.floor((now - day) / 1_000);
  const mixed = { category: 'Diamond', number: 1 };
  const raw = {
    power: { w5: 920, wkg5: 11.95, w300: 376.5, w15: 'many', w1200: 0, CP: 319 },
    race: { last: { date }, current: { mixed }, finishes: 9, dnfs: 0, wins: 1, podiums: 2 },
  };
  await test.db
    .insert(tables.riders)
    .values([
      riderRow(1, { raw, rating: 1_700, fetchedAt: now, clubId: 8, clubName: 'Eight' }),
      riderRow(2, { raw: { race: null }, fetchedAt: now }),
      riderRow(3, { raw: 'unreadable', rating: 1_500, fetchedAt: now - 100 * day }),
    ]);
  await test.db.insert(tables.clubs).values({ clubId: 7, name: 'Seven', fetchedAt: now });
  await test.db.insert(tables.clubMemberships).values([
    { clubId: 7, riderId: 1, firstSeenAt: now - 90 * day, lastSeenAt: now - 10 * day, current: false },
    { clubId: 8, riderId: 1, firstSeenAt: now - 9 * day, lastSeenAt: now },
    { clubId: 9, riderId: 1, firstSeenAt: now - 99 * day, lastSeenAt: now },
  ]);
  const changes = (riderId: number, ...daysAndRatings: Array<readonly [number, number | null]>) =>
    daysAndRatings.map(([days, rating]) => ({ riderId, recordedAt: now - days * day, rating, raw: {} }));
  await test.db
    .insert(tables.riderHistory)
    .values([
      ...changes(1, [91, 1_000], [80, 1_500], [79, 1_510], [40, 1_550], [39.5, 1_560], [5, null], [1, 1_690]),
      ...changes(1, [0.5, 1_700]),
      ...changes(3, [100, 1_500]),
    ]);
});
afterAll(() => test?.stop());

describe('GET /v1/riders with include=trend', () => {
  it('adds the first, the weekly and the current ratings of 90 days, oldest first', async () => {
    const { items } = (await test.get('/v1/riders?include=trend')).body;
    expect(items[0].ratingTrend).toEqual([
      { at: iso(now - 80 * day), rating: 1_500 },
      { at: iso(now - 79 * day), rating: 1_510 },
      { at: iso(now - 39.5 * day), rating: 1_560 },
      { at: iso(now), rating: 1_700 },
    ]);
    expect(items[1].ratingTrend).toEqual([]);
  });

  it('has at most 14 points, however often the rating changes', async () => {
    const changes = Array.from({ length: 180 }, (_, index) => ({
      riderId: 2,
      recordedAt: now - index * (day / 2) - 1,
      rating: 2_000 - index,
      raw: {},
    }));
    await test.db.insert(tables.riderHistory).values(changes);
    await test.db.insert(tables.riders).values(riderRow(4, { rating: 2_000, fetchedAt: now }));
    await test.db.insert(tables.riderHistory).values(changes.map((each) => ({ ...each, riderId: 4 })));
    const [, second, , fourth] = (await test.get('/v1/riders?include=trend')).body.items;
    expect(second.ratingTrend).toHaveLength(13);
    expect(fourth.ratingTrend).toHaveLength(14);
  });

  it('is left out unless requested', async () => {
    const { items } = (await test.get('/v1/riders')).body;
    expect(items[0]).not.toHaveProperty('ratingTrend');
    expect((await test.get('/v1/riders?include=raw')).status).toBe(400);
  });
});

describe('GET /v1/riders', () => {
  it('has the category and the races from the response of upstream', async () => {
    const [raced, never, unreadable] = (await test.get('/v1/riders')).body.items;
    expect(raced).toMatchObject({
      category: 'Diamond',
      races: { finishes: 9, wins: 1, podiums: 2, dnfs: 0, lastAt: iso(now - day) },
    });
    for (const rider of [never, unreadable]) expect(rider).toMatchObject({ category: null, races: null });
  });
});

describe('GET /v1/riders/:riderId', () => {
  it('has the best efforts and our clubs, the latest first', async () => {
    const { body } = await test.get('/v1/riders/1');
    expect(body.power).toEqual([
      { name: '5 s', seconds: 5, watts: 920, perKg: 11.95 },
      { name: '5 min', seconds: 300, watts: 376.5, perKg: null },
    ]);
    expect(body.clubs).toEqual([
      { clubId: 8, name: 'Eight', joinedAt: iso(now - 9 * day), leftAt: null, current: true },
      {
        clubId: 7,
        name: 'Seven',
        joinedAt: iso(now - 90 * day),
        leftAt: iso(now - 10 * day),
        current: false,
      },
      { clubId: 9, name: null, joinedAt: iso(now - 99 * day), leftAt: null, current: true },
    ]);
    expect((await test.get('/v1/riders/3')).body).toMatchObject({ power: [], clubs: [] });
  });
});

describe('GET /v1/riders/:riderId/history', () => {
  it('lists only the changes since a time', async () => {
    const since = encodeURIComponent(iso(now - 5 * day));
    const { items } = (await test.get(`/v1/riders/1/history?since=${since}`)).body;
    expect(items.map(({ rating }: { rating: number | null }) => rating)).toEqual([1_700, 1_690, null]);
    const { status, body } = await test.get('/v1/riders/1/history?since=yesterday');
    expect([status, body.errors[0].field]).toEqual([400, 'since']);
  });
});
