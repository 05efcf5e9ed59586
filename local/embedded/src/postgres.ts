import { chmod, copyFile, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { type Child, spawnChild, whileRunning } from './child.ts';
import { demandFreePort, freePort } from './ports.ts';
import {
  claimStaleLock,
  ensureCluster,
  own,
  postgresBinaries,
  type Unprivileged,
  unprivileged,
} from './postgres-cluster.ts';
import { lastLines } from './run.ts';

export interface PostgresOptions {
  /** Made on the first start, used again on later ones. Its password and log lie beside it. */
  readonly dataDir: string;
  /** 0 takes any free one. */
  readonly port?: number;
  /** The password of the user `postgres`; unset: generated once and kept in `<dataDir>.password`. */
  readonly password?: string;
  /** false gives up safety at a power cut for speed; a Postgres that is killed still loses nothing. */
  readonly durable?: boolean;
  /** Bytes: a larger log file is put aside. */
  readonly logSize?: number;
  /** Files: who wants to may speak TLS with it. They are copied to where Postgres may read them. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A running Postgres on 127.0.0.1, with the user `postgres`. */
export interface PostgresProcess extends Child {
  readonly port: number;
  /** The URL of a database, with user and password; of `postgres` unless named. */
  url(database?: string): string;
  /** Makes the database unless it is there, and returns its URL. */
  createDatabase(name: string): Promise<string>;
}

const host = '127.0.0.1';
const readyMs = 60_000;
/** Postgres's codes for two errors that are no accidents. */
const wrongPassword = '28P01';
const databaseExists = '42P04';

/** Resolves when Postgres answers queries. @throws {Error} when port or folder is in use, or with the end of its log */
export async function startPostgres(options: PostgresOptions): Promise<PostgresProcess> {
  const { port = 0, durable = true, logSize, tls } = options;
  const dataDir = resolve(options.dataDir);
  await demandFreePort(port);
  const binaries = postgresBinaries();
  const as = await unprivileged(binaries.postgres);
  const password = await ensureCluster({ dataDir, password: options.password, durable, binaries, as });
  const ownTls = tls && (await placeTls(tls, dataDir, as));

  const launch = async (): Promise<PostgresProcess> => {
    await claimStaleLock(dataDir);
    const bound = port === 0 ? await freePort() : port;
    const command = [binaries.postgres, '-D', dataDir, '-p', String(bound), ...settings(durable, ownTls)];
    const logFile = `${dataDir}.log`;
    const child = await spawnChild({ command, through: as.through, logFile, logSize, stopSignal: 'SIGINT' });
    const url = (database = 'postgres') =>
      `postgres://postgres:${encodeURIComponent(password)}@${host}:${bound}/${encodeURIComponent(database)}`;
    try {
      const refusal = await whileRunning(child, () => greet(url()), readyMs);
      if (refusal !== undefined) throw refusal;
      return { ...child, port: bound, url, createDatabase: (name) => createDatabase(url, name) };
    } catch (error) {
      const log = lastLines(await readFile(logFile, 'utf8'));
      await child.stop();
      throw new Error(`Postgres did not come up (${(error as Error).message}):\n${log}`, { cause: error });
    }
  };

  for (let attempt = 1; ; attempt++) {
    try {
      return await launch();
    } catch (error) {
      if (attempt === 50 || !passes.test((error as Error).message)) throw error;
      await wait(100);
    }
  }
}

/** Backends that outlive a killed Postgres by a moment, and a free port that was just snatched away. */
const passes = /pre-existing shared memory block|could not bind/;

/** Fast, and nothing but the password: no socket files, no address but the loopback's. */
function settings(durable: boolean, tls?: PostgresOptions['tls']): string[] {
  const network = [`listen_addresses=${host}`, 'unix_socket_directories='];
  const time = ['timezone=UTC', 'log_timezone=UTC'];
  // What was written is kept until it is in the tables: four times less than usual.
  const room = ['max_wal_size=256MB'];
  // Not synchronous_commit=off, which loses commits at a kill and gains little once nothing is synced.
  const speed = durable ? [] : ['fsync=off', 'full_page_writes=off', 'max_connections=500'];
  const secured = tls ? ['ssl=on', `ssl_cert_file=${tls.cert}`, `ssl_key_file=${tls.key}`] : [];
  return [...network, ...time, ...room, ...speed, ...secured].flatMap((setting) => ['-c', setting]);
}

/** Postgres takes a key only that nobody else may read. */
async function placeTls(
  { cert, key }: NonNullable<PostgresOptions['tls']>,
  dataDir: string,
  { owner }: Unprivileged,
): Promise<{ cert: string; key: string }> {
  const placed = { cert: `${dataDir}.crt`, key: `${dataDir}.key` };
  await Promise.all([copyFile(cert, placed.cert), copyFile(key, placed.key)]);
  await chmod(placed.key, 0o600);
  await Promise.all(Object.values(placed).map((path) => own(path, owner)));
  return placed;
}

/** Asks for an answer. A wrong password is returned: that failure is final, every other may pass. */
async function greet(url: string): Promise<Error | undefined> {
  try {
    await query(url, 'select 1');
    return undefined;
  } catch (error) {
    if ((error as pg.DatabaseError).code === wrongPassword) return error as Error;
    throw error;
  }
}

async function createDatabase(url: (database?: string) => string, name: string): Promise<string> {
  await query(url(), `create database ${pg.escapeIdentifier(name)}`).catch((error: pg.DatabaseError) => {
    if (error.code !== databaseExists) throw error;
  });
  return url(name);
}

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A connection that breaks after its query has failed has nobody else to tell.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}
