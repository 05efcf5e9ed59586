import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../database/client.ts';

/** Creates a database on the shared test Postgres. @returns its URL */
export async function newDatabaseUrl({ empty = false }: { empty?: boolean } = {}): Promise<string> {
  const { postgres, template } = inject('servers');
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`;
  await onShared((client) =>
    client.query(`create database ${name} template ${empty ? 'template0' : template}`),
  );
  return Object.assign(new URL(postgres), { pathname: `/${name}` }).href;
}

/** The next free account number of the shared test broker. */
export async function nextAccountNumber(): Promise<number> {
  const { rows } = await onShared((client) =>
    client.query<{ nextval: string }>("select nextval('broker_accounts')"),
  );
  return Number(rows[0]?.nextval);
}

async function onShared<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: inject('servers').postgres });
  await client.connect();
  return work(client).finally(() => client.end());
}

/** A database for one test file, with all tables and no rows. */
export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  stop(): Promise<void>;
}

export async function testDatabase(): Promise<TestDatabase> {
  const url = await newDatabaseUrl();
  const { db, close } = openDatabase(url, () => undefined);
  return { url, db, stop: close };
}
