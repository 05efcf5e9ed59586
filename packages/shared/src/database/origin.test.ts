import { afterEach, expect, it } from 'vitest';
import { originOf } from '../contracts/index.ts';
import { newDatabaseUrl } from '../testing/database.ts';
import { databaseOrigin, markDatabase, migrate, openDatabase } from './index.ts';

const opened: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

function open(url: string) {
  const { db, close } = openDatabase(url, () => undefined);
  opened.push(close);
  return db;
}

const sandbox = originOf(undefined, { scale: 60, anchor: 1_764_788_400_000 });
const upstream = originOf('https://upstream.example/api', { scale: 1, anchor: 0 });

it('the origin of a database is the first one that marks it, and one row', async () => {
  const db = open(await newDatabaseUrl());
  expect(await databaseOrigin(db)).toBeUndefined();
  await Promise.all([markDatabase(db, sandbox), markDatabase(db, sandbox)]);
  await markDatabase(db, upstream);
  expect(await databaseOrigin(db)).toEqual(sandbox);
  await expect(db.execute(`insert into origin (id, upstream, clock) values (2, 'a', 'b')`)).rejects.toThrow();
});

it('the origin of a database without tables, or of an earlier version, is unknown', async () => {
  const url = await newDatabaseUrl({ empty: true });
  const db = open(url);
  expect(await databaseOrigin(db)).toBeUndefined();
  await migrate(url, 1);
  expect(await databaseOrigin(db)).toBeUndefined();
});
