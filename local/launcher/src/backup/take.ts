import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/nats-core';
import { buckets, type Marks, origin, streams } from '@paceline/shared/contracts';
import { appliedMigrations, databaseOrigin, withSession } from '@paceline/shared/database';
import { brokerOrigin, connect } from '@paceline/shared/messaging';
import { assertOwnState } from '@paceline/shared/runtime';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { z } from 'zod';
import { copyOut, messagesIn, snapshotStream, tablesOf } from './copies.ts';

const file = z.object({ file: z.string(), sha256: z.string() });

const manifest = z.object({
  format: z.literal(1),
  takenAt: z.iso.datetime(),
  /** `PACELINE_CLOCK` of the system; null: real time. */
  clock: z.string().nullable(),
  /** Which upstream and clock its state depends on; absent in a backup by an earlier version. */
  origin: origin.optional(),
  /** The number of migrations applied to its database. */
  migrations: z.number().int().nonnegative(),
  /** In the order of copying. */
  streams: z.array(
    file.extend({ name: z.string(), config: z.record(z.string(), z.unknown()), state: z.unknown() }),
  ),
  /** Referenced tables first. */
  tables: z.array(
    file.extend({ name: z.string(), columns: z.array(z.string()), rows: z.number().int().nonnegative() }),
  ),
});

/** A backup is a folder with this manifest, one file per stream and one per table. */
export type BackupManifest = z.infer<typeof manifest>;

const manifestName = 'manifest.json';

/** Reads a backup's manifest and verifies every file against it. @throws {Error} when a file is missing or damaged */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch(() => {
    throw new Error(`${folder} is not a backup: it has no ${manifestName}`);
  });
  const read = manifest.safeParse(await Promise.try(JSON.parse, text).catch(() => undefined));
  if (!read.success) throw new Error(`${join(folder, manifestName)} is not in a format of this version`);
  for (const each of [...read.data.streams, ...read.data.tables]) {
    const actual = await sha256Of(join(folder, each.file)).catch(() => 'missing');
    if (actual !== each.sha256)
      throw new Error(`the backup is damaged: ${each.file} is missing or does not match its checksum`);
  }
  return read.data;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Runs `work` with connections to both servers, and closes them after it. */
export async function withConnections<Result>(
  { natsUrl, databaseUrl }: Pick<Servers, 'natsUrl' | 'databaseUrl'>,
  work: (connection: NatsConnection, client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(natsUrl, 'provision');
  try {
    return await withSession(databaseUrl, (client) => work(connection, client));
  } finally {
    await connection.close();
  }
}

export const marksOf = async (connection: NatsConnection, client: pg.Client): Promise<Marks> => ({
  broker: await brokerOrigin(connection),
  database: await databaseOrigin(drizzle(client)),
});

/** The servers of a system, with credentials that have all permissions. */
export interface Servers {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** `PACELINE_CLOCK` of the system; null: real time. */
  readonly clock: string | null;
}

/** Buckets first: a "published" mark is copied before its message, so a restore repeats a message rather than losing it. */
export const backedUpStreams: readonly string[] = [
  ...buckets.map(({ name }) => `KV_${name}`),
  ...streams.map(({ name }) => name),
];

/** Copies broker, then database, of a running system to a new folder, renamed into place when complete. `at`: ISO 8601. @throws {ConfigError} when they are not of one system */
export async function takeBackup(servers: Servers, folder: string, at: string): Promise<BackupManifest> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700, recursive: true });
  return withConnections(servers, async (connection, client) => {
    const marks = await marksOf(connection, client);
    assertOwnState(marks, {});
    const copied = await copyStreams(connection, unfinished);
    const { clock } = servers;
    const copiedTables = await copyTables(client, unfinished);
    const content: BackupManifest = {
      format: 1,
      takenAt: at,
      clock,
      origin: marks.broker ?? marks.database,
      streams: copied,
      ...copiedTables,
    };
    const text = `${JSON.stringify(content, undefined, 2)}\n`;
    await writeFile(join(unfinished, manifestName), text, { mode: 0o600 });
    await rename(unfinished, folder);
    return content;
  });
}

async function copyStreams(connection: NatsConnection, folder: string): Promise<BackupManifest['streams']> {
  const copied: BackupManifest['streams'] = [];
  for (const name of backedUpStreams) {
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
): Promise<Pick<BackupManifest, 'tables' | 'migrations'>> {
  await client.query('begin isolation level repeatable read read only');
  const migrations = await appliedMigrations(client);
  const tables: BackupManifest['tables'] = [];
  for (const { name, columns } of await tablesOf(client)) {
    const file = `${name}.table`;
    const rows = await copyOut(client, { name, columns }, join(folder, file));
    tables.push({ name, columns: [...columns], file, rows, sha256: await sha256Of(join(folder, file)) });
  }
  await client.query('commit');
  return { tables, migrations };
}
