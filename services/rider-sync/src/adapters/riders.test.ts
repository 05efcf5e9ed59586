import { type Database, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { judgeResponse } from '@paceline/shared/sync';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newPass } from '../core/club-run.ts';
import { countOutsiders, storeMembers, storeRiders, storeClubPass, takeOutsiders } from './riders.ts';

const { doubts, riders, riderHistory, clubs, clubMemberships } = tables;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});

beforeEach(async () => {
  await db.delete(riders);
  await db.delete(clubs);
  await db.delete(doubts);
  await db.delete(clubMemberships);
});

afterAll(() => database?.stop());

function item(riderId: number, more: { rating?: number; velo?: number; name?: string } = {}): RiderItem {
  const { rating = 1500, velo, name = `Rider "${riderId}" \\ {x}` } = more;
  const rider = {
    riderId,
    name,
    gender: 'M',
    country: 'se',
    age: 'Mas',
    heightCm: 185,
    weightKg: 77.5,
    zpCategory: 'B',
    zpFtp: 304,
    rating,
    ratingMax30: null,
    ratingMax90: 1820,
    phenotype: null,
    club: { id: 20650, name: null },
  };
  return { rider, raw: { riderId, name, race: { rating }, ...(velo === undefined ? {} : { velo }) } };
}

const store = (items: RiderItem[], at: number) => db.transaction((tx) => storeRiders(tx, items, at));
const history = () =>
  db
    .select({ riderId: riderHistory.riderId, at: riderHistory.recordedAt, rating: riderHistory.rating })
    .from(riderHistory)
    .orderBy(asc(riderHistory.recordedAt), asc(riderHistory.riderId));

describe('riders', () => {
  it('are stored with their latest data and the time they were first seen', async () => {
    await store([item(2), item(1)], 1_000);
    await store([item(1, { rating: 1600, name: 'New' })], 2_000);
    expect(await db.select().from(riders).where(eq(riders.riderId, 1))).toMatchObject([
      { name: 'New', rating: 1600, clubId: 20650, clubName: null, firstSeenAt: 1_000, fetchedAt: 2_000 },
    ]);
  });

  it('get a history row only when their data, raw data included, has changed', async () => {
    await store([item(1), item(2), item(3)], 1_000);
    await store([item(1), item(2, { rating: 1601 }), item(3, { velo: 5 })], 2_000);
    await store([item(1), item(2, { rating: 1601 }), item(3, { velo: 5 })], 3_000);
    expect(await history()).toEqual([
      { riderId: 1, at: 1_000, rating: 1500 },
      { riderId: 2, at: 1_000, rating: 1500 },
      { riderId: 3, at: 1_000, rating: 1500 },
      { riderId: 2, at: 2_000, rating: 1601 },
      { riderId: 3, at: 2_000, rating: 1500 },
    ]);
  });

  it('count as unchanged when only the order of raw fields differs', async () => {
    await store([{ ...item(1), raw: { a: 1, b: [2] } }], 1_000);
    await store([{ ...item(1), raw: { b: [2], a: 1 } }], 2_000);
    expect(await history()).toHaveLength(1);
  });

  it('can be stored by two transactions at the same time', async () => {
    const many = Array.from({ length: 200 }, (_, index) => item(index + 1));
    await store(many, 1_000);
    await Promise.all([
      store(many.toReversed(), 2_000),
      store(
        many.map(({ rider }) => item(rider.riderId, { rating: 9 })),
        2_000,
      ),
    ]);
    expect((await history()).length).toBeGreaterThanOrEqual(400);
  });

  it('of a full page fit in one statement', async () => {
    await store(
      Array.from({ length: 1_000 }, (_, index) => item(index + 1)),
      1_000,
    );
    expect(await history()).toHaveLength(1_000);
    await store([], 2_000);
  });
});

describe('the members of a club', () => {
  const page = (ids: number[], skipped: number[], at: number) =>
    db.transaction((tx) =>
      storeMembers(
        tx,
        7,
        ids.map((id) => item(id)),
        skipped,
        at,
      ),
    );
  const end = (startedAt: number, seesAll: boolean, at: number, hasCollapsed = false) =>
    db.transaction(async (tx) => {
      const pass = { ...newPass(7), startedAt, seesAll, known: 9, present: 0, hasCollapsed };
      await storeClubPass(tx, 'Club', pass, await judgeResponse(tx, 'club:7', hasCollapsed, startedAt), at);
    });
  const current = async () => {
    const rows = await db.select().from(clubMemberships).where(eq(clubMemberships.clubId, 7));
    return rows.filter(({ current: is }) => is).map(({ riderId }) => riderId);
  };

  it('are those on the pages of the last complete pass', async () => {
    await page([1, 2, 3], [], 1_000);
    await end(900, true, 1_000);
    await page([1], [], 2_000);
    expect(await current()).toHaveLength(3);
    await page([4], [], 2_100);
    await end(1_900, true, 2_100);
    expect(new Set(await current())).toEqual(new Set([1, 4]));
    expect(await db.select().from(clubs)).toEqual([{ clubId: 7, name: 'Club', fetchedAt: 2_100 }]);
  });

  it('remain members when they were on a page but unreadable', async () => {
    await page([1, 2], [], 1_000);
    await page([1], [2, 99], 2_000);
    await end(1_900, true, 2_000);
    expect(new Set(await current())).toEqual(new Set([1, 2]));
  });

  it('all remain members when a pass had riders without a readable id', async () => {
    await page([1, 2], [], 1_000);
    await page([1], [], 2_000);
    await end(1_900, false, 2_000);
    expect(new Set(await current())).toEqual(new Set([1, 2]));
  });

  it('are kept by a first collapse, and removed by a later one unless seen since', async () => {
    const hour = 3_600_000;
    await page([1, 2, 3, 4], [], 1_000);
    await end(900, true, 1_000);
    await page([4], [], 2_000);
    await end(1_900, true, 2_000, true);
    expect(await current()).toHaveLength(4);
    expect(await db.select().from(doubts)).toEqual([
      { subject: 'club:7', since: 1_900, lastAt: 1_900, known: 9, present: 0 },
    ]);
    expect(await db.select().from(clubs)).toMatchObject([{ fetchedAt: 1_000 }]);
    await end(2_900, true, 3_000, true);
    expect(await current()).toHaveLength(4);
    await end(1_900 + hour, true, 2_000 + hour, true);
    expect(await current()).toEqual([4]);
    expect(await db.select().from(doubts)).toEqual([]);
  });

  it('are all still members when the next response has them again', async () => {
    await page([1, 2], [], 1_000);
    await end(1_900, true, 2_000, true);
    await page([1, 2], [], 3_000);
    await end(2_900, true, 3_000);
    expect(await current()).toHaveLength(2);
    expect(await db.select().from(doubts)).toEqual([]);
  });

  it('who come back are members again and keep the time they were first seen', async () => {
    await page([1], [], 1_000);
    await page([], [], 2_000);
    await end(1_900, true, 2_000);
    expect(await current()).toEqual([]);
    await page([1], [], 3_000);
    expect(await db.select().from(clubMemberships)).toMatchObject([
      { riderId: 1, firstSeenAt: 1_000, lastSeenAt: 3_000, current: true },
    ]);
  });

  it('of another club are not changed', async () => {
    await db.insert(clubMemberships).values({ clubId: 8, riderId: 1, firstSeenAt: 1, lastSeenAt: 1 });
    await end(1_900, true, 2_000);
    expect(await db.select().from(clubMemberships)).toMatchObject([{ clubId: 8, current: true }]);
  });
});

describe('riders outside the clubs', () => {
  const outsiders = { clubIds: [20650], staleBefore: 5_000 };
  const rider = (riderId: number, fetchedAt: number, takenAt?: number) =>
    db.insert(riders).values({ riderId, name: 'A', raw: {}, firstSeenAt: 0, fetchedAt, takenAt });

  it('are in no synced club and were not taken recently', async () => {
    const membership = { firstSeenAt: 0, lastSeenAt: 0 };
    for (const riderId of [1, 2, 3, 4]) await rider(riderId, 1_000);
    await rider(5, 5_000);
    await rider(6, 1_000, 5_000);
    await db.insert(clubMemberships).values([
      { clubId: 20650, riderId: 1, ...membership },
      { clubId: 20650, riderId: 2, ...membership, current: false },
      { clubId: 20651, riderId: 3, ...membership },
    ]);
    expect(await countOutsiders(db, outsiders)).toBe(3);
    expect((await takeOutsiders(db, outsiders, [4], 9, 6_000)).toSorted((a, b) => a - b)).toEqual([2, 3]);
    expect(await countOutsiders(db, outsiders)).toBe(1);
    expect(await countOutsiders(db, { ...outsiders, clubIds: [] })).toBe(2);
  });

  it('are taken oldest first, and none twice', async () => {
    for (const riderId of [1, 2, 3]) await rider(riderId, 4_000 - riderId);
    expect(await takeOutsiders(db, outsiders, [], 1, 6_000)).toEqual([3]);
    const [one, other] = await Promise.all([1, 2].map(() => takeOutsiders(db, outsiders, [], 9, 6_000)));
    expect([...(one ?? []), ...(other ?? [])].toSorted((a, b) => a - b)).toEqual([1, 2]);
    const rows = await db.select({ takenAt: riders.takenAt }).from(riders).orderBy(asc(riders.riderId));
    expect(rows.every(({ takenAt }) => takenAt === 6_000)).toBe(true);
  });
});
