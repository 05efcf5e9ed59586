import { type Database, openDatabase, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { asc } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hold } from './hold.ts';
import { countOutsiders, takeOutsiders } from './outsiders.ts';
import {
  countRiders,
  endFresh,
  endWanted,
  findOutcome,
  loseWanted,
  takeWanted,
  wantRider,
} from './wanted.ts';

const { clubMemberships, riders, wantedRiders } = tables;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});
beforeEach(async () => {
  for (const table of [wantedRiders, clubMemberships, riders]) await db.delete(table);
});
afterAll(() => database?.stop());

const want = (commandId: string, why: 'add' | 'import', since: number, ...riderIds: number[]) =>
  Promise.all(riderIds.map((riderId) => wantRider(db, { commandId, riderId, why, freshFrom: since, since })));
const take = (from: Database, most = 1_000) => hold(from, 60_000, (tx) => takeWanted(tx, most));
const idsOf = (taken: ReadonlyArray<{ riderId: number }>) => taken.map(({ riderId }) => riderId);
const nothing = async () => {};
const done = (riderId: number) => ({ riderId, outcome: 'done', reason: null }) as const;
const rider = (riderId: number, fetchedAt: number, takenAt?: number) =>
  db.insert(riders).values({ riderId, name: 'A', raw: {}, firstSeenAt: 0, fetchedAt, takenAt });

describe('wanted riders', () => {
  it('are taken adds first, then by when they are wanted since', async () => {
    await want('i1', 'import', 1_000, 5, 4);
    await want('i2', 'import', 500, 9);
    await want('a', 'add', 2_000, 7);
    const held = await take(db, 3);
    expect(idsOf(held.value)).toEqual([7, 9, 4]);
    await held.end(nothing);
  });

  it('that are on a call are passed over by the next one, until it ends or its holder dies', async () => {
    await want('i', 'import', 1_000, 1, 2, 3);
    const dying = openDatabase(database.url, () => undefined);
    const first = await take(dying.db, 2);
    const second = await take(db);
    expect(idsOf(second.value)).toEqual([3]);
    await db.execute(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid in (select pid from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'wanted_riders' and l.pid <> pg_backend_pid()) and state = 'idle in transaction'",
    );
    await expect(first.end(nothing)).rejects.toThrow();
    await second.end(nothing).catch(() => undefined);
    const third = await take(db);
    expect(idsOf(third.value)).toEqual([1, 2, 3]);
    await third.end(nothing);
    await dying.close();
  });

  it('end for every command that has wanted them since before the call left', async () => {
    await want('i', 'import', 1_000, 1);
    await want('a', 'add', 1_500, 1);
    await want('late', 'add', 3_000, 1);
    await endWanted(db, [done(1)], 2_000, 2_500);
    expect(await findOutcome(db, 'i', 1)).toEqual(done(1));
    expect(await findOutcome(db, 'a', 1)).toEqual(done(1));
    expect(await findOutcome(db, 'late', 1)).toBeUndefined();
  });

  it('need no call when they are stored freshly enough', async () => {
    await want('i', 'import', 1_000, 1, 2);
    await rider(1, 1_000);
    await rider(2, 999);
    await endFresh(db, 2_000);
    expect(await countRiders(db, 'i')).toEqual({ waiting: 1, done: 1, failed: 0 });
  });

  it('stay wanted when a call is lost; those of an import fail at the third, or when it is for good', async () => {
    await want('i', 'import', 1_000, 1);
    await want('a', 'add', 1_000, 1);
    for (const lost of [1, 2, 3]) {
      expect(await findOutcome(db, 'i', 1), `${lost}`).toBeUndefined();
      await loseWanted(db, [1], 'in trouble', false, 2_000);
    }
    expect(await findOutcome(db, 'i', 1)).toEqual({ riderId: 1, outcome: 'failed', reason: 'in trouble' });
    expect(await findOutcome(db, 'a', 1)).toBeUndefined();
    await want('j', 'import', 1_000, 1);
    await loseWanted(db, [1], 'wrong key', true, 2_000);
    expect(await findOutcome(db, 'j', 1)).toMatchObject({ outcome: 'failed', reason: 'wrong key' });
  });
});

describe('riders outside the clubs', () => {
  const outsiders = { clubIds: [20650], staleBefore: 5_000 };

  it('are those whom no club brings that is synced, and who were not asked for lately', async () => {
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

  it('are taken the oldest first, and nobody twice', async () => {
    for (const riderId of [1, 2, 3]) await rider(riderId, 4_000 - riderId);
    expect(await takeOutsiders(db, outsiders, [], 1, 6_000)).toEqual([3]);
    const [one, other] = await Promise.all([1, 2].map(() => takeOutsiders(db, outsiders, [], 9, 6_000)));
    expect([...(one ?? []), ...(other ?? [])].toSorted((a, b) => a - b)).toEqual([1, 2]);
    const rows = await db.select({ takenAt: riders.takenAt }).from(riders).orderBy(asc(riders.riderId));
    expect(rows.every(({ takenAt }) => takenAt === 6_000)).toBe(true);
  });
});
