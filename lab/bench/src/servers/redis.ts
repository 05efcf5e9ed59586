import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Child, freePort, spawnChild } from '@paceline/embedded';
import { eventually } from '@paceline/shared/testing';
import { Redis } from 'ioredis';
import { folderFor, type Server } from './server.ts';

const execute = promisify(execFile);

const install = ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server'] as const;

/**
 * What the redis-server of this machine calls itself; installs Debian's where that is possible.
 * @throws {Error} saying what to install
 */
export async function redisVersion(): Promise<string> {
  const version = async () => {
    const { stdout } = await execute('redis-server', ['--version']);
    return /v=([\d.]+)/.exec(stdout)?.[1] ?? stdout.trim();
  };
  try {
    return await version();
  } catch {
    const [program, ...args] = install;
    await execute(program, args).catch(() => {
      throw new Error(
        `bullmq and two others are measured on Redis, which is not here. Install it: ${install.join(' ')}`,
      );
    });
    return version();
  }
}

/** @param synced every write is on disk before it is answered; otherwise nothing is ever written */
export async function startRedis(synced: boolean): Promise<Server> {
  await redisVersion();
  const folder = await folderFor('redis');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const append = synced ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const network = ['--bind', '127.0.0.1', '--port', String(port)];
  const start = async (): Promise<Child> => {
    const child = await spawnChild({
      command: ['redis-server', ...network, '--dir', folder.path, '--save', '', ...append],
      logFile: join(folder.path, 'redis.log'),
      stopSignal: 'SIGTERM',
    });
    await eventually(() => answers(url));
    return child;
  };
  let child = await start();
  return {
    address: { url },
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

/** @throws when it does not answer yet, or still reads what it had written */
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
