import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import pg from 'pg';
import { newDatabaseUrl } from '../testing/database.ts';
import { appliedMigrations, knownMigrations, migrate } from './migrate.ts';

const folder = join(import.meta.dirname, 'migrations');
const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
const statements = (file: string) =>
  readFileSync(join(folder, file), 'utf8')
    .split('--> statement-breakpoint')
    .map((each) => each.trim());

/** Changes that don't break services of the previous version, which still run during an upgrade. */
const additive = [
  /^create table /i,
  /^create (unique )?index /i,
  /^drop index /i,
  /^create function /i,
  /^alter table "\w+" add column "\w+" [^;]*?( default [^;]+)?( not null)?;?$/i,
  /^alter table "\w+" add constraint "\w+" foreign key/i,
  /^alter table "\w+" alter column "\w+" drop not null/i,
  /^alter table "\w+" alter column "\w+" set default/i,
];
const isAdditive = (statement: string) =>
  additive.some((pattern) => pattern.test(statement)) &&
  // The previous version can't fill a column that it doesn't know.
  (!/ add column .* not null/i.test(statement) || / default /i.test(statement));

describe('migration', () => {
  it.each(files)('%s does not break services of the previous version', (file) => {
    for (const statement of statements(file)) expect(isAdditive(statement), statement).toBe(true);
  });

  it.each([
    'ALTER TABLE "riders" DROP COLUMN "age";',
    'ALTER TABLE "riders" RENAME COLUMN "age" TO "years";',
    'ALTER TABLE "riders" ALTER COLUMN "age" SET DATA TYPE integer;',
    'ALTER TABLE "riders" ALTER COLUMN "age" SET NOT NULL;',
    'ALTER TABLE "riders" ADD COLUMN "years" integer NOT NULL;',
    'DROP TABLE "riders";',
  ])('is rejected with %s', (statement) => {
    expect(isAdditive(statement)).toBe(false);
  });
});

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

/** Inserts one row into each table of the schema's version, parents first. @returns the insert statements by table */
async function fill(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<Column>(
    `select table_name as table, column_name as column, data_type as type from information_schema.columns
     where table_schema = 'public' order by table_name, ordinal_position`,
  );
  const inserts = new Map<string, string>();
  const tables = Map.groupBy(rows, ({ table }) => table);
  const parentsFirst = [...tables.keys()].toSorted((a, b) => rank(a) - rank(b));
  for (const table of parentsFirst) {
    const columns = tables.get(table) ?? [];
    const names = columns.map(({ column }) => `"${column}"`).join(', ');
    inserts.set(table, `insert into "${table}" (${names}) values (${columns.map(valueOf).join(', ')})`);
  }
  for (const insert of inserts.values()) await client.query(insert);
  return inserts;
}

const rank = (table: string) => (['events', 'riders'].includes(table) ? 0 : 1);

function valueOf({ type }: Column): string {
  if (type.startsWith('timestamp')) return "'2026-11-24T18:00:00Z'";
  if (type === 'jsonb') return `'{"state":"done"}'`;
  if (type === 'boolean') return 'true';
  return type === 'text' ? "'one'" : '1';
}

describe('database of a version before the baseline', () => {
  it('is refused with what to do, and not changed', async () => {
    const url = await newDatabaseUrl({ empty: true });
    await migrate(url, 1);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(
        "update drizzle.__drizzle_migrations set hash = 'another', created_at = created_at + 1",
      );
      await expect(migrate(url)).rejects.toThrow(/created by an older version of Paceline.*npm run reset/);
      expect(await appliedMigrations(client)).toBe(1);
    } finally {
      await client.end();
    }
  });
});

describe('database of an earlier version', () => {
  it.each(files.map((file, index) => ({ file, seen: index + 1 })))(
    'keeps every row after $file, and its services can still write',
    async ({ seen }) => {
      const url = await newDatabaseUrl({ empty: true });
      await migrate(url, seen);
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        expect(await appliedMigrations(client)).toBe(seen);
        const inserts = await fill(client);
        const before = await contents(client, [...inserts.keys()]);
        // The old service stays connected, with a prepared statement.
        await client.query({ name: 'old', text: 'select event_id, title, starts_at, raw from events' });
        await migrate(url);
        expect(await appliedMigrations(client)).toBe(knownMigrations());
        const after = await contents(client, [...inserts.keys()]);
        for (const [table, row] of before) expect(after.get(table), table).toMatchObject(row);
        const { rowCount } = await client.query({
          name: 'old',
          text: 'select event_id, title, starts_at, raw from events',
        });
        expect(rowCount).toBe(1);
        // It can still insert the columns that it knows.
        for (const table of [...inserts.keys()].toReversed()) await client.query(`delete from "${table}"`);
        for (const insert of inserts.values()) await client.query(insert);
      } finally {
        await client.end();
      }
    },
  );
});

it('migrates no further than the given version', async () => {
  const url = await newDatabaseUrl({ empty: true });
  await migrate(url, 0);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    expect(await appliedMigrations(client)).toBe(0);
  } finally {
    await client.end();
  }
});

async function contents(client: pg.Client, tables: readonly string[]) {
  const found = new Map<string, Record<string, unknown>>();
  for (const table of tables) {
    const { rows } = await client.query<Record<string, unknown>>(`select * from "${table}"`);
    expect(rows, table).toHaveLength(1);
    found.set(table, rows[0] ?? {});
  }
  return found;
}
