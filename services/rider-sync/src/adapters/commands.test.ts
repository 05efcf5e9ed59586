import { type Database, openDatabase, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  countRiders,
  endFresh,
  endWanted,
  findOutcome,
  findProgress,
  hold,
  loseWanted,
  storeProgress,
  takeWanted,
  wantRider,
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
  Promise.all(riderIds.map((riderId) => wantRider(db, { commandId, riderId, why, freshFrom: since, since })));
const take = (from: Database, most = 1_000) => hold(from, 60_000, (tx) => takeWanted(tx, most));
const idsOf = (taken: ReadonlyArray<{ riderId: number }>) => taken.map(({ riderId }) => riderId);
const nothing = async () => {};
const done = (riderId: number) => ({ riderId, outcome: 'done', reason: null }) as const;
const rider = (riderId: number, fetchedAt: number) =>
  db.insert(riders).values({ riderId, name: 'A', raw: {}, firstSeenAt: 0, fetchedAt });

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
