import { createVirtualClock } from '@paceline/shared/clock';
import { type Database, openDatabase, tables } from '@paceline/shared/database';
import { type TestDatabase, testDatabase } from '@paceline/shared/database/testing';
import { partitionOf } from '@paceline/shared/limiter';
import type { Sync } from '@paceline/shared/sync';
import { asc, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRiderCalls, type RiderCall, type RiderCalls } from './rider-calls.ts';

const { commands, limiterTerms, riders, riderHistory, sources, syncLogs, wantedRiders } = tables;
const account = 'key-1';
const address = 'https://upstream.test';
const term = 3;
let database: TestDatabase;
let db: Database;
let calls: RiderCalls;

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  const sync: Partial<Sync> = {
    db,
    account,
    clock: createVirtualClock(5_000),
    signal: new AbortController().signal,
    sources: {
      keyOf: () => ({ sourceAccount: account, sourceAddress: address }),
    } as unknown as Sync['sources'],
  };
  calls = openRiderCalls(sync as Sync);
});
beforeEach(async () => {
  for (const table of [commands, limiterTerms, riders, sources, syncLogs, wantedRiders])
    await db.delete(table);
  await db.insert(limiterTerms).values({ partition: partitionOf(account), term });
});
afterAll(() => database?.stop());

const callFor = (riderId: number, more: Partial<RiderCall> = {}): RiderCall => ({
  permit: `1-1-${riderId}`,
  term,
  commandId: `c${riderId}`,
  riderId,
  why: 'add',
  endpoint: 'riders_single',
  lane: 'manual_rider_add',
  target: String(riderId),
  because: null,
  freshUntil: null,
  startedAt: 4_000,
  freshFrom: 3_000,
  requestedAt: 3_000,
  ...more,
});
const answerFor = (
  riderId: number,
  { name = 'A', commandId = `c${riderId}`, why = 'add' as const } = {},
) => ({
  end: { permit: `1-1-${riderId}`, status: 200, message: name, rawStart: null, durationMs: 300 },
  call: { commandId, why },
  item: {
    rider: {
      riderId,
      name,
      gender: null,
      country: null,
      age: null,
      heightCm: null,
      weightKg: 70,
      zpCategory: null,
      zpFtp: null,
      rating: 1500,
      ratingMax30: null,
      ratingMax90: null,
      phenotype: null,
      club: null,
    },
    raw: { riderId, name },
  },
});
const command = (riderId: number, finishedAt: number | null = null) =>
  db.insert(commands).values({
    commandId: `c${riderId}`,
    type: 'add-rider',
    riderId,
    progress:
      finishedAt === null
        ? { state: 'waiting_in_line', position: 1, at: null }
        : { state: 'failed', reason: 'x' },
    requestedAt: 3_000,
    updatedAt: 3_000,
    finishedAt,
  });
const states = async () => {
  const rows = await db.select().from(commands).orderBy(asc(commands.commandId));
  return rows.map(({ progress, finishedAt }) => [progress.state, finishedAt]);
};
const logged = () => db.select().from(syncLogs);

describe('the start of a call', () => {
  it('is recorded, and its command is running', async () => {
    await command(1);
    expect(await calls.record(callFor(1))).toBe('recorded');
    expect(await states()).toEqual([['running', null]]);
    const row = { permit: '1-1-1', commandId: 'c1', target: '1', lane: 'manual_rider_add', startedAt: 4_000 };
    expect(await logged()).toEqual([expect.objectContaining({ ...row, durationMs: null, account })]);
  });

  it('is not recorded when the command has ended, or a fresh copy is stored', async () => {
    await command(1, 3_500);
    expect(await calls.record(callFor(1))).toBe('unneeded');
    await command(2);
    await db.insert(riders).values({ riderId: 2, name: 'B', raw: {}, firstSeenAt: 0, fetchedAt: 3_000 });
    expect(await calls.record(callFor(2))).toBe('unneeded');
    expect(await calls.record(callFor(2, { freshFrom: 3_001 }))).toBe('recorded');
    expect(await states()).toEqual([
      ['failed', 3_500],
      ['running', null],
    ]);
  });

  it('is not recorded under an earlier term than the latest, and its command does not run', async () => {
    await command(1);
    expect(await calls.record(callFor(1, { term: 2 }))).toBe('superseded');
    expect([await states(), await logged()]).toEqual([[['waiting_in_line', null]], []]);
  });

  it('of an import needs no command of its own', async () => {
    expect(await calls.record(callFor(1, { why: 'import' }))).toBe('recorded');
    expect(await states()).toEqual([]);
  });
});

describe('an answer', () => {
  it('is stored with the end of its call, of its command, and of everybody who waits for the rider', async () => {
    await command(1);
    const wanted = { riderId: 1, why: 'import' as const, freshFrom: 0 };
    await db.insert(wantedRiders).values([
      { ...wanted, commandId: 'earlier', since: 4_000 },
      { ...wanted, commandId: 'later', since: 6_000 },
    ]);
    await calls.record(callFor(1));
    expect(await calls.store(answerFor(1))).toEqual({ endedAt: 5_000, sourceIsAvailable: false });
    expect(await states()).toEqual([['done', 5_000]]);
    expect(await db.select().from(riders)).toMatchObject([
      { riderId: 1, name: 'A', rating: 1500, fetchedAt: 5_000 },
    ]);
    expect(await db.select().from(riderHistory)).toMatchObject([{ riderId: 1, recordedAt: 5_000 }]);
    expect(await logged()).toMatchObject([
      { status: 200, message: 'A', durationMs: 300, endedAt: expect.any(Number) },
    ]);
    const outcomes = await db.select().from(wantedRiders).orderBy(asc(wantedRiders.commandId));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['done', null]);
  });

  it('does not change a command that was cancelled meanwhile', async () => {
    await command(1, 3_500);
    expect(await calls.store(answerFor(1))).toMatchObject({ endedAt: undefined });
    expect(await states()).toEqual([['failed', 3_500]]);
    expect(await db.$count(riders)).toBe(1);
  });

  it('says whether the source is known to be available', async () => {
    const known = { source: 'riders', account, address, state: 'available', since: 0, probes: 0 } as const;
    await db.insert(sources).values({ ...known, refusals: 1 });
    expect(await calls.store(answerFor(1))).toMatchObject({ sourceIsAvailable: false });
    await db.update(sources).set({ refusals: 0 });
    expect(await calls.store(answerFor(2))).toMatchObject({ sourceIsAvailable: true });
  });
});

describe('calls of one moment', () => {
  it('share a transaction', async () => {
    const all = [1, 2, 3, 4];
    for (const riderId of all) await command(riderId);
    await Promise.all(all.map((riderId) => calls.record(callFor(riderId))));
    await Promise.all(all.map((riderId) => calls.store(answerFor(riderId))));
    const { rows } = await db.execute(sql`select distinct xmin::text from ${riders}`);
    expect(rows).toHaveLength(1);
    expect((await states()).map(([state]) => state)).toEqual(all.map(() => 'done'));
  });

  it('lock their commands in the order of the ids, so that nothing else that does so waits for them in turn', async () => {
    for (const riderId of [1, 2]) await command(riderId);
    const other = openDatabase(database.url, () => undefined);
    let storing: Promise<unknown> | undefined;
    await other.db.transaction(async (tx) => {
      const lock = (id: string) => tx.select().from(commands).where(eq(commands.commandId, id)).for('update');
      await lock('c1');
      storing = Promise.all([2, 1].map((riderId) => calls.store(answerFor(riderId))));
      await vi.waitFor(async () => {
        const waits =
          "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        expect((await other.db.execute(waits)).rows).toHaveLength(1);
      });
      await lock('c2');
    });
    await storing;
    expect((await states()).map(([state]) => state)).toEqual(['done', 'done']);
    await other.close();
  });

  it('for the same rider store it once, and each has its own end', async () => {
    await command(1);
    await Promise.all([answerFor(9), answerFor(1), answerFor(1, { commandId: 'import' })].map(calls.store));
    expect(await db.$count(riders)).toBe(2);
    expect(await states()).toEqual([['done', 5_000]]);
  });

  it('fail alone when their answer has a value that Postgres cannot store', async () => {
    const all = [1, 2, 3].map((riderId) => answerFor(riderId, riderId === 2 ? { name: 'A\0' } : {}));
    const [first, bad, last] = await Promise.allSettled(all.map(calls.store));
    expect([first?.status, bad?.status, last?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await db.$count(riders)).toBe(2);
  });
});
