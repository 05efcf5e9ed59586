import { type Database, openDatabase, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  countRiders,
  endFreshRiders,
  storeOutcomes,
  findOutcome,
  findProgress,
  holdTransaction,
  recordLostCall,
  storeProgress,
  lockWanted,
  addWantedRider,
} from './commands.ts';

const { commands, riders, wantedRiders } = tables;
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
});
beforeEach(async () => {
  for (const table of [wantedRiders, riders]) await db.delete(table);
});
afterAll(() => database?.stop());

const want = (commandId: string, why: 'add' | 'import', since: number, ...riderIds: number[]) =>
  Promise.all(
    riderIds.map((riderId) => addWantedRider(db, { commandId, riderId, why, freshFrom: since, since })),
  );
const take = (from: Database, limit = 1_000) => holdTransaction(from, 60_000, (tx) => lockWanted(tx, limit));
const idsOf = (taken: ReadonlyArray<{ riderId: number }>) => taken.map(({ riderId }) => riderId);
const nothing = async () => {};
const done = (riderId: number) => ({ riderId, outcome: 'done', reason: null }) as const;
const rider = (riderId: number, fetchedAt: number) =>
  db.insert(riders).values({ riderId, name: 'A', raw: {}, firstSeenAt: 0, fetchedAt });

describe('wanted riders', () => {
  it('are locked in order: adds, then those that have waited longest', async () => {
    await want('i1', 'import', 1_000, 5, 4);
    await want('i2', 'import', 500, 9);
    await want('a', 'add', 2_000, 7);
    const held = await take(db, 3);
    expect(idsOf(held.value)).toEqual([7, 9, 4]);
    await held.end(nothing);
  });

  it('in a call are skipped by other calls until it ends or its process dies', async () => {
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

  it('get an outcome for every command that requested them before the call was sent', async () => {
    await want('i', 'import', 1_000, 1);
    await want('a', 'add', 1_500, 1);
    await want('late', 'add', 3_000, 1);
    await storeOutcomes(db, [done(1)], 2_000, 2_500);
    expect(await findOutcome(db, 'i', 1)).toEqual(done(1));
    expect(await findOutcome(db, 'a', 1)).toEqual(done(1));
    expect(await findOutcome(db, 'late', 1)).toBeUndefined();
  });

  it('are done without a call when their stored copies are fresh enough', async () => {
    await want('i', 'import', 1_000, 1, 2);
    await rider(1, 1_000);
    await rider(2, 999);
    await endFreshRiders(db, 2_000);
    expect(await countRiders(db, 'i')).toEqual({ waiting: 1, done: 1, failed: 0 });
  });

  it('are still wanted after a lost call, except those of imports after as many losses as allowed', async () => {
    await want('i', 'import', 1_000, 1);
    await want('a', 'add', 1_000, 1);
    for (const lost of [1, 2, 3]) {
      expect(await findOutcome(db, 'i', 1), `${lost}`).toBeUndefined();
      await recordLostCall(db, [1], 'in trouble', 3, 2_000);
    }
    expect(await findOutcome(db, 'i', 1)).toEqual({ riderId: 1, outcome: 'failed', reason: 'in trouble' });
    expect(await findOutcome(db, 'a', 1)).toBeUndefined();
    await want('j', 'import', 1_000, 1);
    await recordLostCall(db, [1], 'wrong key', 1, 2_000);
    expect(await findOutcome(db, 'j', 1)).toMatchObject({ outcome: 'failed', reason: 'wrong key' });
  });
});

describe('a command', () => {
  const command = { commandId: 'c1', riderId: 5, requestedAt: 500 };

  it('is stored even without a row, and updated', async () => {
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

  it('that has ended never changes', async () => {
    await storeProgress(db, command, { state: 'done' }, 800);
    await storeProgress(db, command, { state: 'running' }, 900);
    await storeProgress(db, command, { state: 'failed', reason: 'late' }, 900);
    expect(await findProgress(db, 'c1')).toEqual({ state: 'done' });
    expect(await db.select().from(commands)).toMatchObject([{ updatedAt: 800, finishedAt: 800 }]);
  });

  it('that is unknown has no progress', async () => {
    expect(await findProgress(db, 'unknown')).toBeUndefined();
  });
});
