import { type Database, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { storeMembers, storeWholeClub } from './clubs.ts';
import { findProgress, storeProgress } from './commands.ts';
import { storeRiders } from './riders.ts';

const { riders, riderHistory, clubs, clubMemberships, commands } = tables;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});

beforeEach(async () => {
  await db.delete(riders);
  await db.delete(clubs);
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
  it('are stored as they are now, with when they were first seen', async () => {
    await store([item(2), item(1)], 1_000);
    await store([item(1, { rating: 1600, name: 'New' })], 2_000);
    expect(await db.select().from(riders).where(eq(riders.riderId, 1))).toMatchObject([
      { name: 'New', rating: 1600, clubId: 20650, clubName: null, firstSeenAt: 1_000, fetchedAt: 2_000 },
    ]);
  });

  it('have history only where something has changed, raw answer included', async () => {
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

  it('whose answer has its fields in another order have not changed', async () => {
    await store([{ ...item(1), raw: { a: 1, b: [2] } }], 1_000);
    await store([{ ...item(1), raw: { b: [2], a: 1 } }], 2_000);
    expect(await history()).toHaveLength(1);
  });

  it('are stored by two at once without one failing the other', async () => {
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

  it('of a full page fit into one statement', async () => {
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
  const end = (startedAt: number, seesAll: boolean, at: number) =>
    db.transaction((tx) => storeWholeClub(tx, 'Club', { clubId: 7, from: null, startedAt, seesAll }, at));
  const current = async () => {
    const rows = await db.select().from(clubMemberships).where(eq(clubMemberships.clubId, 7));
    return rows.filter(({ current: is }) => is).map(({ riderId }) => riderId);
  };

  it('are those whom the last whole pass has shown', async () => {
    await page([1, 2, 3], [], 1_000);
    await end(900, true, 1_000);
    await page([1], [], 2_000);
    expect(await current()).toHaveLength(3);
    await page([4], [], 2_100);
    await end(1_900, true, 2_100);
    expect(new Set(await current())).toEqual(new Set([1, 4]));
    expect(await db.select().from(clubs)).toEqual([{ clubId: 7, name: 'Club', fetchedAt: 2_100 }]);
  });

  it('stay members when they were on a page but could not be read', async () => {
    await page([1, 2], [], 1_000);
    await page([1], [2, 99], 2_000);
    await end(1_900, true, 2_000);
    expect(new Set(await current())).toEqual(new Set([1, 2]));
  });

  it('all stay when a pass can not tell who is missing', async () => {
    await page([1, 2], [], 1_000);
    await page([1], [], 2_000);
    await end(1_900, false, 2_000);
    expect(new Set(await current())).toEqual(new Set([1, 2]));
  });

  it('who come back are members again, since when they first were', async () => {
    await page([1], [], 1_000);
    await page([], [], 2_000);
    await end(1_900, true, 2_000);
    expect(await current()).toEqual([]);
    await page([1], [], 3_000);
    expect(await db.select().from(clubMemberships)).toMatchObject([
      { riderId: 1, firstSeenAt: 1_000, lastSeenAt: 3_000, current: true },
    ]);
  });

  it('of another club are not touched', async () => {
    await db.insert(clubMemberships).values({ clubId: 8, riderId: 1, firstSeenAt: 1, lastSeenAt: 1 });
    await end(1_900, true, 2_000);
    expect(await db.select().from(clubMemberships)).toMatchObject([{ clubId: 8, current: true }]);
  });
});

describe('a command', () => {
  const command = { commandId: 'c1', riderId: 5, requestedAt: 500 };

  it('is stored also when its row is not there, and moves on', async () => {
    await storeProgress(db, command, { state: 'waiting_for_window', until: 900 }, 600);
    await storeProgress(db, command, { state: 'running' }, 700);
    expect(await db.select().from(commands)).toEqual([
      {
        ...command,
        type: 'add-rider',
        progress: { state: 'running' },
        publishedAt: 600,
        sequence: null,
        updatedAt: 700,
        finishedAt: null,
        traceparent: null,
      },
    ]);
  });

  it('that has ended is never changed again', async () => {
    await storeProgress(db, command, { state: 'done' }, 800);
    await storeProgress(db, command, { state: 'running' }, 900);
    await storeProgress(db, command, { state: 'failed', reason: 'late' }, 900);
    expect(await findProgress(db, 'c1')).toEqual({ state: 'done' });
    expect(await db.select().from(commands)).toMatchObject([{ updatedAt: 800, finishedAt: 800 }]);
  });

  it('that is unknown has no progress', async () => {
    expect(await findProgress(db, 'nobody')).toBeUndefined();
  });
});
