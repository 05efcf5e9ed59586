import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/nats-core';
import { freePort, exists, startPostgres } from '@paceline/embedded';
import { differences, type Origin, originBucket, journalRestored, tickOf } from '@paceline/shared/contracts';
import { knownMigrations, markDatabase, migrate, openDatabase, tables } from '@paceline/shared/database';
import { allPartitions } from '@paceline/shared/limiter';
import { brokerOrigin, createBus, publish } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { eq, getTableName } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { startBroker } from '../broker.ts';
import { markFolder } from '../origin.ts';
import { openState } from '../state.ts';
import { copyIn, hasRows, messagesIn, restoreStream, tablesOf } from './copies.ts';
import { backedUpStreams, type BackupManifest, marksOf, type Servers, withConnections } from './take.ts';

type Target = Pick<Servers, 'natsUrl' | 'databaseUrl'>;

interface Restored {
  /** The number of unfinished commands and runs that will resume. */
  readonly commands: number;
  readonly runs: number;
  /** Which upstream and clock the state depends on; undefined: not marked. */
  readonly origin: Origin | undefined;
}

/**
 * Fills empty servers from a backup and migrates its database to this version. No service may be running.
 *
 * The journals do not contain calls made after the backup, so every budget counts as used up for one window from
 * when a limiter claims it. Unfinished commands and runs are published again; their services skip what is done.
 * @throws {Error} before anything is written, when the servers are not empty or were provisioned for another upstream
 * or clock, or the backup is of a newer version
 */
export async function restoreBackup(
  target: Target,
  folder: string,
  manifest: BackupManifest,
): Promise<Restored> {
  if (manifest.migrations > knownMigrations()) {
    throw new Error('this backup is from a newer version of Paceline: restore it with that version');
  }
  return withConnections(target, async (connection, client) => {
    await assertSameOrigin(connection, client, manifest);
    await assertEmpty(connection, client);
    await migrate(target.databaseUrl, manifest.migrations);
    const commands = await fillTables(client, folder, manifest);
    await migrate(target.databaseUrl);
    await fillStreams(connection, folder, manifest);
    await markJournalsIncomplete(client);
    // A backup by an earlier version has no mark of the database.
    const origin = await brokerOrigin(connection);
    if (origin) await markDatabase(drizzle(client), origin);
    return { commands, runs: await republishTicks(connection, target.databaseUrl), origin };
  });
}

async function assertSameOrigin(
  connection: NatsConnection,
  client: pg.Client,
  { origin }: BackupManifest,
): Promise<void> {
  if (!origin) return;
  for (const [server, mark] of Object.entries(await marksOf(connection, client))) {
    const difference = mark ? differences(mark, origin, "the backup's") : '';
    if (difference)
      throw new Error(
        `the ${server} was provisioned for another system: ${difference}. Restore into new servers, or into those of the backup's system`,
      );
  }
}

const originTable = getTableName(tables.origin);

async function assertEmpty(connection: NatsConnection, client: pg.Client): Promise<void> {
  for (const name of backedUpStreams) {
    // Provisioning marks even empty servers; the backup's mark replaces it.
    if (name === `KV_${originBucket}`) continue;
    const messages = await messagesIn(connection, name);
    if (messages) throw new Error(`the broker is not empty: stream ${name} holds messages`);
  }
  for (const table of await tablesOf(client)) {
    if (table.name === originTable) continue;
    if (await hasRows(client, table))
      throw new Error(`the database is not empty: table ${table.name} has rows`);
  }
}

/** Returns the number of unfinished commands. Their messages may be missing, so they are marked as unpublished. */
async function fillTables(
  client: pg.Client,
  folder: string,
  { tables: filled }: BackupManifest,
): Promise<number> {
  await client.query('begin');
  if ((await tablesOf(client)).some(({ name }) => name === originTable))
    await client.query(`delete from ${originTable}`);
  for (const table of filled) await copyIn(client, table, join(folder, table.file));
  const { rowCount } = await client.query(
    'update commands set published_at = null, stream_sequence = null where finished_at is null',
  );
  await client.query('commit');
  return rowCount ?? 0;
}

async function fillStreams(
  connection: NatsConnection,
  folder: string,
  { streams }: BackupManifest,
): Promise<void> {
  for (const { name, file, ...snapshot } of streams) {
    // A stream that is already provisioned is empty, and is replaced.
    if ((await messagesIn(connection, name)) !== undefined) {
      await connection.request(`$JS.API.STREAM.DELETE.${name}`);
    }
    await restoreStream(connection, name, join(folder, file), snapshot);
  }
}

const markJournalsIncomplete = (client: pg.Client) =>
  client.query(
    `insert into limiter_terms (partition, term, reached) select partition, 1, $2 from unnest($1::int[]) as partition
     on conflict (partition) do update set reached = excluded.reached`,
    [allPartitions, journalRestored],
  );

/** Publishes the ticks of unfinished runs again: the backed-up streams may not contain them. */
async function republishTicks(connection: NatsConnection, databaseUrl: string): Promise<number> {
  const database = openDatabase(databaseUrl, () => undefined, { connections: 1 });
  const bus = createBus(connection, createLogger('restore', 'error'));
  try {
    const { syncRuns } = tables;
    const running = await database.db.select().from(syncRuns).where(eq(syncRuns.state, 'running'));
    for (const { runId, slotId, kind, scheduledFor, slotEndsAt: endsAt, mode } of running) {
      await publish(bus, tickOf[kind], { runId, slotId, kind, scheduledFor, endsAt, mode }, { id: slotId });
    }
    return running.length;
  } finally {
    await database.close();
  }
}

/** Restores into the servers of `npm start`, which it starts and stops. @throws when there is a state already; cleans up on failure */
export async function restoreLocally(
  stateFolder: string,
  folder: string,
  manifest: BackupManifest,
  report: (line: string) => void,
): Promise<Restored> {
  const state = await openState(stateFolder);
  const parts = ['nats', 'postgres', 'clock', 'origin'].map((part) => state.path(part));
  for (const part of parts) {
    if (await exists(part))
      throw new Error(`${stateFolder} already holds a state: run npm run reset first to delete it`);
  }
  try {
    await using servers = new AsyncDisposableStack();
    const settings = { count: 1, syncInterval: 'always' };
    const broker = await startBroker(state, { report }, () => freePort(), settings);
    for (const server of broker.servers) servers.defer(() => server.stop());
    const database = await startPostgres({ dataDir: state.path('postgres', 'data') });
    servers.defer(() => database.stop());
    const target = { natsUrl: broker.adminUrl, databaseUrl: await database.createDatabase('paceline') };
    const restored = await restoreBackup(target, folder, manifest);
    const { clock } = manifest;
    if (clock !== null) await state.readOrCreate('clock', () => clock);
    if (restored.origin) await markFolder(state, restored.origin);
    return restored;
  } catch (error) {
    for (const part of parts) await rm(part, { recursive: true, force: true });
    throw error;
  }
}
