import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  eventually,
  type SlowProxy,
  startSlowProxy,
  type TestPostgres,
  testPostgres,
} from '../testing/index.ts';
import { type DatabaseClient, isDatabaseUnavailable, openDatabase } from './index.ts';

let postgres: TestPostgres;
let admin: pg.Client;
const opened: Array<() => Promise<void>> = [];

beforeAll(async () => {
  postgres = await testPostgres();
  admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query('create table kept (n integer)');
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  await admin.query('truncate kept');
});
afterAll(async () => {
  await admin?.end();
  await postgres?.stop();
});

function open(options: Parameters<typeof openDatabase>[2] = {}, url = postgres.url): DatabaseClient {
  const database = openDatabase(url, () => undefined, options);
  opened.push(database.close);
  return database;
}
async function proxied(): Promise<{ url: string; proxy: SlowProxy }> {
  const proxy = await startSlowProxy(Number(new URL(postgres.url).port), 0);
  opened.unshift(proxy.close);
  return { url: Object.assign(new URL(postgres.url), { port: String(proxy.port) }).href, proxy };
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const insert = sql`insert into kept values (1)`;
const kept = async () => (await admin.query('select * from kept')).rowCount;

describe('a connection of the pool', () => {
  it.each([
    ['a transaction', ({ db }: DatabaseClient) => db.transaction((tx) => tx.execute(insert))],
    ['a statement', ({ db }: DatabaseClient) => db.execute(insert)],
    ['the readiness check', ({ ping }: DatabaseClient) => ping()],
  ])('leaves it when it is read-only, found by %s', async (_, use) => {
    const database = open({ connections: 1 });
    // Only this session is read-only, as one to the old primary is after a failover.
    await database.db.execute(sql`set default_transaction_read_only = on`);
    expect(await failure(use(database))).toSatisfy(isDatabaseUnavailable);
    await database.db.execute(insert);
    expect(await kept()).toBe(1);
  });

  it('leaves it when its transaction failed', async () => {
    const database = open({ connections: 1 });
    const pid = async () => (await database.db.execute(sql`select pg_backend_pid()`)).rows[0]?.pg_backend_pid;
    const before = await pid();
    await failure(database.db.transaction((tx) => tx.execute(sql`select nothing from nowhere`)));
    expect(await pid()).not.toBe(before);
  });

  it('leaves it when Postgres ended its idle transaction', async () => {
    const database = open({ connections: 1 });
    const ended = failure(
      database.db.transaction(async (tx) => {
        await tx.execute(sql`set local idle_in_transaction_session_timeout = 1`);
        // The server ends the session, which no answer tells.
        await eventually(async () => {
          const { rows } = await admin.query(
            "select from pg_stat_activity where state like 'idle in transaction%'",
          );
          expect(rows).toEqual([]);
        });
        await tx.execute(insert);
      }),
    );
    expect(await ended).toSatisfy(isDatabaseUnavailable);
    await database.db.execute(insert);
    expect(await kept()).toBe(1);
  });
});

describe('a database that', () => {
  it('is read-only counts as unavailable for writes until it is not, and still serves reads', async () => {
    const { db, ping } = open();
    await postgres.setReadOnly(true);
    try {
      await eventually(async () =>
        expect(await failure(db.execute(insert))).toSatisfy(isDatabaseUnavailable),
      );
      await expect(ping()).rejects.toThrow('the database is read-only');
      expect((await db.execute(sql`select * from kept`)).rows).toEqual([]);
    } finally {
      await postgres.setReadOnly(false);
    }
    await eventually(() => db.execute(insert));
    expect(await kept()).toBe(1);
    await ping();
  });

  it('is full of connections counts as unavailable until one is free', async () => {
    const { db } = open();
    await admin.query('create role guest login password $$guest$$ connection limit 1');
    const url = Object.assign(new URL(postgres.url), { username: 'guest', password: 'guest' }).href;
    const first = new pg.Client({ connectionString: url });
    await first.connect();
    const guest = open({}, url);
    expect(await failure(guest.ping())).toMatchObject({ code: '53300' });
    expect(await failure(guest.db.execute(sql`select 1`))).toSatisfy(isDatabaseUnavailable);
    await first.end();
    await eventually(() => guest.ping());
    await guest.close();
    opened.splice(opened.indexOf(guest.close), 1);
    await db.execute(sql`drop role guest`);
  });

  it('falls silent is given up after a limit, by statements, transactions and readiness checks', async () => {
    const { url, proxy } = await proxied();
    const { db, ping } = open({ connections: 1, statementMs: 100 }, url);
    for (const use of [
      () => db.execute(insert),
      () => db.transaction((tx) => tx.execute(insert)),
      () => ping(),
    ]) {
      await db.execute(sql`select 1`);
      proxy.holdResponses();
      expect(await failure(use())).toSatisfy(isDatabaseUnavailable);
      proxy.cut();
    }
    // The pool has its place back.
    await db.execute(sql`select 1`);
  });

  it('accepts connections and says nothing is given up after a limit', async () => {
    const { url, proxy } = await proxied();
    proxy.holdResponses();
    const { ping } = open({ maxWaitMs: 100 }, url);
    expect(await failure(ping())).toSatisfy(isDatabaseUnavailable);
  });
});
