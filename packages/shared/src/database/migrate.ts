import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import type pg from 'pg';
import { type SessionLimits, withSession } from './session.ts';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/** An arbitrary key for the advisory lock, the same in every process that migrates. */
const migrationLock = 7_223_091;

export const knownMigrations = (): number => readMigrationFiles({ migrationsFolder }).length;

export async function appliedMigrations(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    'select count(*) as count from drizzle.__drizzle_migrations',
  );
  return Number(rows[0]?.count ?? 0);
}

/**
 * Runs the first `count` migrations. Idempotent and safe to run concurrently.
 * @throws {Error} when the tables are those of a version before the baseline, or the server falls silent
 */
export const migrate = (url: string, count = Infinity, limits?: SessionLimits): Promise<void> =>
  withSession(url, (client) => migrateOn(client, count), limits);

async function migrateOn(client: pg.Client, count: number): Promise<void> {
  // The lock of a transaction, as PgBouncer can give the next one another session. The migrator's own `begin` only
  // warns, and its `commit` ends this transaction.
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
  await assertUpgradable(client);
  if (count >= knownMigrations()) await runMigrations(drizzle(client), { migrationsFolder });
  else await withFirst(count, (folder) => runMigrations(drizzle(client), { migrationsFolder: folder }));
}

/** The migrator compares times only, so it would run nothing and the services would miss tables or columns. */
async function assertUpgradable(client: pg.Client): Promise<void> {
  const { rows: found } = await client.query<{ name: string | null }>(
    "select to_regclass('drizzle.__drizzle_migrations')::text as name",
  );
  if (!found[0]?.name) return;
  const { rows } = await client.query<{ hash: string }>(
    'select hash from drizzle.__drizzle_migrations order by id',
  );
  const known = readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash);
  if (known.every((hash, index) => rows[index] === undefined || rows[index].hash === hash)) return;
  throw new Error(
    'the database was created by an older version of Paceline, which this one cannot upgrade: restore a backup with that version, or delete the state (npm run reset, docker compose down --volumes)',
  );
}

/** The migrator runs a whole folder, so this makes one with only the first migrations. */
async function withFirst(count: number, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-migrations-'));
  try {
    await cp(migrationsFolder, folder, { recursive: true });
    const file = join(folder, 'meta/_journal.json');
    const journal = JSON.parse(await readFile(file, 'utf8')) as { entries: unknown[] };
    await writeFile(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }));
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
