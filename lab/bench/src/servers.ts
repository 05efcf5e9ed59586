import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type SpawnedProcess, freePort, spawnChild, startPostgres } from '@paceline/embedded';
import { eventually } from '@paceline/shared/testing';
import { Redis } from 'ioredis';
import type { Address } from './contenders/contender.ts';

/** A contender's server, started for one workload. */
export interface Server {
  readonly address: Address;
  /** Kills it, like a crash. */
  kill(): Promise<void>;
  /** Restarts it after a kill, with its data. */
  restart(): Promise<void>;
  /** Freezes or continues it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** A server that is one process. */
export interface ServerProcess extends Server {
  pid(): number;
}

type Folder = Awaited<ReturnType<typeof folderFor>>;

/** A folder on disk, so that syncing has its real cost. */
export async function folderFor(name: string) {
  const path = await mkdtemp(join(tmpdir(), `paceline-bench-${name}-`));
  // Postgres, which can't run as root, needs access.
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** For contenders that keep everything in the calling process. */
export const nowhere: Server = {
  address: { url: '' },
  kill: async () => undefined,
  restart: async () => undefined,
  signal: () => undefined,
  stop: async () => undefined,
};

/** A server process with a data folder. */
async function serverIn<Process extends SpawnedProcess>(
  folder: Folder,
  start: () => Promise<Process>,
  urlOf: (child: Process) => string,
): Promise<ServerProcess> {
  let child = await start();
  return {
    address: { url: urlOf(child) },
    pid: () => child.pid,
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
    async restart() {
      child = await start();
    },
    signal: (signal) => child.kill(signal),
    async stop() {
      await child.stop();
      await folder.remove();
    },
  };
}

/** A Postgres that syncs commits to disk before it answers. */
export async function startDatabase(): Promise<ServerProcess & { readonly logFile: string }> {
  const folder = await folderFor('postgres');
  const options = { dataDir: join(folder.path, 'data'), durable: true, port: await freePort() };
  const server = await serverIn(
    folder,
    () => startPostgres(options),
    (postgres) => postgres.url(),
  );
  return { ...server, logFile: `${options.dataDir}.log` };
}

/** Version of the embedded Postgres, from its startup log. */
export async function postgresVersion(): Promise<string> {
  const folder = await folderFor('postgres');
  const dataDir = join(folder.path, 'data');
  const postgres = await startPostgres({ dataDir, durable: false });
  await postgres.stop();
  const log = await readFile(`${dataDir}.log`, 'utf8');
  await folder.remove();
  return /starting PostgreSQL (\S+)/.exec(log)?.[1] ?? 'unknown';
}

const execute = promisify(execFile);

const install = ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server'] as const;

/** The version of redis-server. @throws when it is not installed */
export async function installedRedis(): Promise<string> {
  const { stdout } = await execute('redis-server', ['--version']);
  return /v=([\d.]+)/.exec(stdout)?.[1] ?? stdout.trim();
}

/** The version of redis-server; installs Debian's if possible. @throws {Error} with the command to install it */
export async function redisVersion(): Promise<string> {
  try {
    return await installedRedis();
  } catch {
    const [program, ...args] = install;
    await execute(program, args).catch(() => {
      throw new Error(`bullmq and two others need Redis, which is not installed. Run: ${install.join(' ')}`);
    });
    return installedRedis();
  }
}

/** @param synced syncs every write to disk before it answers; otherwise nothing is written */
export async function startRedis(synced: boolean): Promise<ServerProcess> {
  await redisVersion();
  const folder = await folderFor('redis');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const append = synced ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const network = ['--bind', '127.0.0.1', '--port', String(port)];
  const start = async (): Promise<SpawnedProcess> => {
    const child = await spawnChild({
      command: ['redis-server', ...network, '--dir', folder.path, '--save', '', ...append],
      logFile: join(folder.path, 'redis.log'),
      stopSignal: 'SIGTERM',
    });
    await eventually(() => answers(url));
    return child;
  };
  return serverIn(folder, start, () => url);
}

/** @throws while it doesn't answer or still loads its data */
async function answers(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
