import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import { freePort, isThere, startPostgres } from '@paceline/embedded';
import { journalRestored, highWaterBucket, highWaterKey, tickOf } from '@paceline/shared/contracts';
import { knownMigrations, migrate, openDatabase, tables } from '@paceline/shared/database';
import { allPartitions } from '@paceline/shared/limiter';
import { createBus, publish } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { eq } from 'drizzle-orm';
import type pg from 'pg';
import { startBroker } from '../broker.ts';
import { openState } from '../state.ts';
import { copyIn, hasRows, messagesIn, restoreStream, tablesOf } from './copies.ts';
import { connected, keptStreams, type Manifest, type Servers } from './take.ts';

type Target = Pick<Servers, 'natsUrl' | 'databaseUrl'>;

/** How many of both a restored system goes on with. */
type Restored = Readonly<Record<'commands' | 'runs', number>>;

/**
 * Fills empty servers from a backup, its database brought to what this version needs; the next start does the rest.
 * Services must not run yet.
 *
 * The journals in it are older than calls that were made since, so every window counts as spent for its length from
 * when a limiter takes it over. Commands and runs that had not ended are handed on again; what their services find
 * done they leave alone.
 * @throws {Error} in plain words, before anything is written, when the servers aren't empty or the backup is newer
 */
export async function restoreBackup(target: Target, folder: string, manifest: Manifest): Promise<Restored> {
  if (manifest.migrations > knownMigrations()) {
    throw new Error('the backup is of a newer version of Paceline: restore it with that one');
  }
  return connected(target, async (connection, client) => {
    await demandEmpty(connection, client);
    await migrate(target.databaseUrl, manifest.migrations);
    const commands = await fillTables(client, folder, manifest);
    await migrate(target.databaseUrl);
    await fillStreams(connection, folder, manifest);
    await countWindowsAsSpent(connection);
    return { commands, runs: await handOnRuns(connection, target.databaseUrl) };
  });
}

async function demandEmpty(connection: NatsConnection, client: pg.Client): Promise<void> {
  for (const name of keptStreams) {
    const messages = await messagesIn(connection, name);
    if (messages) throw new Error(`the broker is not empty: its stream ${name} holds messages`);
  }
  for (const table of await tablesOf(client)) {
    if (await hasRows(client, table)) throw new Error(`the database is not empty: ${table.name} has rows`);
  }
}

/** Returns how many commands have not ended: they are to be handed on again, since their messages may be missing. */
async function fillTables(client: pg.Client, folder: string, { tables: filled }: Manifest): Promise<number> {
  await client.query('begin');
  for (const table of filled) await copyIn(client, table, join(folder, table.file));
  const { rowCount } = await client.query(
    'update commands set published_at = null, stream_sequence = null where finished_at is null',
  );
  await client.query('commit');
  return rowCount ?? 0;
}

async function fillStreams(connection: NatsConnection, folder: string, { streams }: Manifest): Promise<void> {
  for (const { name, file, ...snapshot } of streams) {
    // One that was provisioned already is empty, and makes room.
    if ((await messagesIn(connection, name)) !== undefined) {
      await connection.request(`$JS.API.STREAM.DELETE.${name}`);
    }
    await restoreStream(connection, name, join(folder, file), snapshot);
  }
}

async function countWindowsAsSpent(connection: NatsConnection): Promise<void> {
  const bucket = await new Kvm(connection).open(highWaterBucket);
  for (const partition of allPartitions) await bucket.put(highWaterKey(partition), String(journalRestored));
}

/** A run that was under way needs its tick, which may be older than the backup's streams or newer. */
async function handOnRuns(connection: NatsConnection, databaseUrl: string): Promise<number> {
  const database = openDatabase(databaseUrl, () => undefined, 1);
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

/** Restores into the servers of `npm start`; starts and stops them. @throws when there is a state; removes what it began */
export async function restoreHere(
  stateFolder: string,
  folder: string,
  manifest: Manifest,
  report: (line: string) => void,
): Promise<Restored> {
  const state = await openState(stateFolder);
  const parts = ['nats', 'postgres', 'clock'].map((part) => state.path(part));
  for (const part of parts) {
    if (await isThere(part))
      throw new Error(`there is a state already, in ${stateFolder}: npm run reset forgets it`);
  }
  try {
    await using servers = new AsyncDisposableStack();
    const broker = await startBroker(1, state, report, () => freePort());
    for (const server of broker.servers) servers.defer(() => server.stop());
    const database = await startPostgres({ dataDir: state.path('postgres', 'data') });
    servers.defer(() => database.stop());
    const target = { natsUrl: broker.adminUrl, databaseUrl: await database.createDatabase('paceline') };
    const restored = await restoreBackup(target, folder, manifest);
    const { clock } = manifest;
    if (clock !== null) await state.keep('clock', () => clock);
    return restored;
  } catch (error) {
    for (const part of parts) await rm(part, { recursive: true, force: true });
    throw error;
  }
}
