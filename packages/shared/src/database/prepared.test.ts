import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { openDatabase } from './client.ts';
import { prepared, preparedSelect } from './prepared.ts';
import { riders } from './schema/index.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.stop());

const half = prepared<{ half: number }>('half', sql`select ${sql.placeholder('of')}::int / 2 as half`);
const idsFrom = preparedSelect('riders-from', (db) =>
  db
    .select({ riderId: riders.riderId })
    .from(riders)
    .where(sql`${riders.riderId} >= ${sql.placeholder('from')}`),
);
const planned = `select name from pg_prepared_statements order by name`;

it('a statement is planned once per connection, and not at all where connections are shared', async () => {
  const { db, close } = openDatabase(database.url, () => undefined, { connections: 1 });
  await db.insert(riders).values({ riderId: 7, name: 'A', raw: {}, firstSeenAt: 0, fetchedAt: 0 });
  for (const of of [8, 12]) expect(await half(db, { of })).toEqual([{ half: of / 2 }]);
  for (const from of [7, 8]) expect(await idsFrom(db, { from })).toHaveLength(8 - from);
  expect((await db.execute(planned)).rows).toEqual([{ name: 'half' }, { name: 'riders-from' }]);

  // What a statement of an old PgBouncer meets: a connection that does not know it.
  await db.execute('deallocate all');
  expect(await half(db, { of: 4 })).toEqual([{ half: 2 }]);
  expect(await idsFrom(db, { from: 7 })).toEqual([{ riderId: 7 }]);
  await expect(half(db, { of: 'x' })).rejects.toThrow('invalid input syntax');
  expect((await db.execute(planned)).rows).toEqual([]);
  await close();
});
