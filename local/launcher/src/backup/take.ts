import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/nats-core';
import { buckets, streams } from '@paceline/shared/contracts';
import { appliedMigrations } from '@paceline/shared/database';
import { connect } from '@paceline/shared/messaging';
import pg from 'pg';
import { type Manifest, sha256Of, writeManifest } from './manifest.ts';
import { messagesIn, snapshotStream } from './stream-snapshot.ts';
import { copyOut, tablesOf } from './table-copy.ts';

/** The servers of a system, with the rights to do everything there. */
export interface Servers {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** `PACELINE_CLOCK` of the system; null: real time. */
  readonly clock: string | null;
}

/**
 * All that the broker keeps, in the order in which it is copied: what says that something was published before that
 * itself. So whatever is in one of them is in a later one too, or is done again.
 */
export const keptStreams: readonly string[] = [
  ...buckets.map(({ name }) => `KV_${name}`),
  ...streams.map(({ name }) => name),
];

/**
 * Copies broker and database of a running system into a new folder, which gets its name once it is whole. The database
 * comes last, in one snapshot: every message in the backup has its row there.
 * @param at when it is taken, ISO 8601
 */
export async function takeBackup(servers: Servers, folder: string, at: string): Promise<Manifest> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700, recursive: true });
  const connection = await connect(servers.natsUrl, 'provision');
  const client = new pg.Client({ connectionString: servers.databaseUrl });
  try {
    await client.connect();
    const copied = await copyStreams(connection, unfinished);
    const { tables, migrations } = await copyTables(client, unfinished);
    const manifest: Manifest = {
      format: 1,
      takenAt: at,
      clock: servers.clock,
      migrations,
      streams: copied,
      tables,
    };
    await writeManifest(unfinished, manifest);
    await rename(unfinished, folder);
    return manifest;
  } finally {
    await client.end();
    await connection.close();
  }
}

async function copyStreams(connection: NatsConnection, folder: string): Promise<Manifest['streams']> {
  const copied: Manifest['streams'] = [];
  for (const name of keptStreams) {
    if ((await messagesIn(connection, name)) === undefined) continue;
    const file = `${name}.snapshot`;
    const { config, state } = await snapshotStream(connection, name, join(folder, file));
    copied.push({ name, file, sha256: await sha256Of(join(folder, file)), config, state });
  }
  return copied;
}

async function copyTables(
  client: pg.Client,
  folder: string,
): Promise<Pick<Manifest, 'tables' | 'migrations'>> {
  await client.query('begin isolation level repeatable read read only');
  const migrations = await appliedMigrations(client);
  const tables: Manifest['tables'] = [];
  for (const { name, columns } of await tablesOf(client)) {
    const file = `${name}.table`;
    const rows = await copyOut(client, { name, columns }, join(folder, file));
    tables.push({ name, columns: [...columns], file, rows, sha256: await sha256Of(join(folder, file)) });
  }
  await client.query('commit');
  return { tables, migrations };
}
