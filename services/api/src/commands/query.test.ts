import { type DatabaseClient, openDatabase, tables } from '@paceline/shared/database';
import { type TestBackend, sharedBackend } from '@paceline/shared/testing/backend';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isForRider, selectCommands } from './query.ts';

const { commands, wantedRiders } = tables;
let backend: TestBackend;
let database: DatabaseClient;
beforeAll(async () => {
  backend = await sharedBackend();
  database = openDatabase(backend.databaseUrl, () => {});
});
afterAll(async () => {
  await database?.db.delete(wantedRiders);
  await database?.db.delete(commands);
  await database?.close();
  await backend?.close();
});

it('the commands for a rider are read from indexes, not from all commands', async () => {
  const { db } = database;
  await db.execute(sql`
    insert into ${commands} (command_id, type, rider_id, progress, requested_at, updated_at, finished_at)
    select 'add-' || n, 'add-rider', n, '{"state":"done"}', now(), now(), now() from generate_series(1, 20000) n`);
  await db.execute(sql`
    insert into ${wantedRiders} (command_id, rider_id, why, fresh_from, since, outcome)
    select 'import-' || n % 4, n, 'import', now(), now(), 'done' from generate_series(1, 20000) n`);
  await db.execute(sql`analyze ${commands}, ${wantedRiders}`);
  const query = selectCommands(db).where(isForRider(db, 77)).getSQL();
  const { rows } = await db.execute<Record<string, string>>(sql`explain ${query}`);
  const plan = rows.flatMap(Object.values).join('\n');
  expect(plan).toContain('commands_rider');
  expect(plan).toContain('wanted_riders_of_rider');
  expect(plan).not.toMatch(/Seq Scan on (commands|wanted_riders)/);
});
