import { sql } from 'drizzle-orm';
import pg from 'pg';
import { expect, it } from 'vitest';
import { newDatabaseUrl } from '../testing/database.ts';
import { findPgBouncer, testPgBouncer } from '../testing/pgbouncer.ts';
import { appliedMigrations, knownMigrations, migrate, openDatabase, prepared, tables } from './index.ts';

const nameOf = prepared<{ name: string }>(
  'name-of',
  sql`select name from ${tables.riders} where rider_id = ${sql.placeholder('riderId')}`,
);

it(
  'a database behind PgBouncer in transaction mode is migrated by several processes at once and again, and used',
  { timeout: 120_000 },
  async (context) => {
    const found = await findPgBouncer().catch((error: Error) =>
      context.skip(`PGBOUNCER NOT TESTED: ${error.message}`),
    );
    const direct = await newDatabaseUrl({ empty: true });
    const bouncer = await testPgBouncer(found, direct);
    const { db, ping, close } = openDatabase(bouncer.url, () => undefined);
    const client = new pg.Client({ connectionString: direct });
    await client.connect();
    try {
      await Promise.all(Array.from({ length: 4 }, () => migrate(bouncer.url)));
      await migrate(bouncer.url);
      expect(await appliedMigrations(client)).toBe(knownMigrations());
      const { rows } = await client.query("select from pg_locks where locktype = 'advisory'");
      expect(rows).toEqual([]);

      await ping();
      await db.transaction(async (tx) => {
        await tx.execute(sql`select set_config('idle_in_transaction_session_timeout', '60000', true)`);
        await tx.insert(tables.riders).values({
          riderId: 1,
          name: 'A',
          raw: {},
          firstSeenAt: Date.UTC(2026, 0, 1),
          fetchedAt: Date.UTC(2026, 0, 1),
        });
      });
      expect(await db.$count(tables.riders)).toBe(1);

      // Each of these can get a connection that has not prepared it, or has: releases before 1.21 don't translate that.
      const names = Array.from({ length: 50 }, () => nameOf(db, { riderId: 1 }));
      expect(await Promise.all(names)).toEqual(names.map(() => [{ name: 'A' }]));
    } finally {
      await client.end();
      await close();
      await bouncer.stop();
    }
  },
);
