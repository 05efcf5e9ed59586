import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDatabaseUrl, type TestDatabase, testDatabase } from '../testing/database.ts';
import { asRows, openDatabase } from './client.ts';
import { riders } from './schema/index.ts';

it('returns a connection to the pool when a transaction fails to start', async () => {
  const database = openDatabase(await newDatabaseUrl(), () => undefined, { connections: 1 });
  const unknown = 'unknown level' as 'serializable';
  const nothing = async () => undefined;
  for (let time = 0; time < 3; time += 1)
    await expect(database.db.transaction(nothing, { isolationLevel: unknown })).rejects.toThrow();
  await database.ping();
  await database.db.transaction(nothing);
  await database.close();
});

it('pings once within `pingMs`, and again once a connection is lost', async () => {
  const url = await newDatabaseUrl();
  const lost = Promise.withResolvers<Error>();
  const [pinged, other] = [
    openDatabase(url, lost.resolve, { connections: 1, pingMs: 60_000, name: 'pinged' }),
    openDatabase(url, () => undefined, { connections: 1 }),
  ];
  const connections = async () => {
    const { rows } = await other.db.execute<{ pid: number; at: string }>(
      sql`select pid, query_start::text as at from pg_stat_activity
        where application_name = 'pinged' and datname = current_database()`,
    );
    return rows;
  };
  await pinged.ping();
  const [first] = await connections();
  await pinged.ping();
  expect(await connections()).toEqual([first]);

  await other.db.execute(sql`select pg_terminate_backend(${first?.pid})`);
  await lost.promise;
  await pinged.ping();
  const [second] = await connections();
  expect(second?.pid).not.toBe(first?.pid);
  await Promise.all([pinged.close(), other.close()]);
});

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database?.stop());

const rider = {
  riderId: 1,
  name: 'O\'Neil "the {fast}", \\ NULL',
  gender: null,
  rating: 1_503.25,
  clubName: 'NULL',
  raw: [1, ['a', '"'], { b: null }],
  firstSeenAt: Date.UTC(2026, 0, 1),
  fetchedAt: Date.UTC(2026, 0, 2),
};
const unset = { age: null, zpFtp: null, takenAt: null };

describe('rows as one parameter', () => {
  it('are stored unchanged, with null for omitted columns', async () => {
    const second = { ...rider, riderId: 2, raw: { deep: [[]] } };
    await database.db.insert(riders).select(asRows(riders, [rider, second]));
    const stored = await database.db.select().from(riders).orderBy(riders.riderId);
    expect(stored).toMatchObject([
      { ...rider, ...unset },
      { ...second, ...unset },
    ]);
  });

  it('can be more than a statement takes parameters', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...rider, riderId: 100 + index }));
    await database.db.insert(riders).select(asRows(riders, many));
    expect(await database.db.$count(riders)).toBeGreaterThanOrEqual(many.length);
  });
});
