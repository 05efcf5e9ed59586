import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir, withLock } from './cache.ts';
import { unpackDebianPackage } from './debian-package.ts';
import { withTempDir } from './files.ts';
import { type NatsRelease, natsRelease } from './nats-release.ts';
import { downloadRelease } from './release.ts';
import { findOnPath, run } from './run.ts';

const natsServer = { program: 'nats-server', from: 'nats-server' };

/** A nats-server that can be started. */
export interface NatsServer {
  readonly path: string;
  /** e.g. `2.10.27` */
  readonly version: string;
  readonly source: 'PATH' | 'cache' | 'official release' | 'Debian package';
}

export interface FindNatsServerOptions {
  /** Where a fetched server is kept; `defaultCacheDir()` unless named. */
  readonly cacheDir?: string;
  /** Takes one plain sentence when something is worth saying: a server too old, a download. */
  readonly report: (line: string) => void;
  /** The official release to try; the pinned one unless named. */
  readonly release?: NatsRelease;
}

type Way = readonly [source: NatsServer['source'], find: () => Promise<string>];

/**
 * Finds a nats-server of 2.10 or newer: on the PATH, in the cache, as the official release, as Debian's
 * package. What it fetches stays in the cache; any number of processes may do so at once.
 * @throws {Error} that names every step, why it failed, and what to do
 */
export async function findNatsServer(options: FindNatsServerOptions): Promise<NatsServer> {
  const { cacheDir = defaultCacheDir(), report, release = natsRelease } = options;
  const cached = join(cacheDir, `nats-server-${process.platform}-${process.arch}`);
  const failures = new Set<string>();

  const firstOf = async (...ways: Way[]): Promise<NatsServer | undefined> => {
    for (const [source, find] of ways) {
      try {
        const path = await find();
        return { path, version: await usableVersion(path), source };
      } catch (error) {
        failures.add(`  ${source}: ${(error as Error).message}`);
      }
    }
    return undefined;
  };
  const fromCache: Way = ['cache', () => Promise.resolve(cached)];
  const keep = (fetch: (dir: string) => Promise<string>) => () =>
    withTempDir(cacheDir, async (dir) => {
      const fetched = await fetch(dir);
      await usableVersion(fetched);
      await rename(fetched, cached);
      return cached;
    });
  const fetchOne = () =>
    firstOf(
      fromCache, // another process may have been faster
      ['official release', keep((dir) => downloadRelease(release, dir))],
      ['Debian package', keep((dir) => unpackDebianPackage(dir, natsServer))],
    );

  const present = await firstOf(['PATH', () => findCurrentOnPath(report)], fromCache);
  if (present !== undefined) return present;
  report(`Getting a nats-server, once: it stays in ${cacheDir} …`);
  await mkdir(cacheDir, { recursive: true }).catch(() => undefined);
  const fetched = await withLock(`${cached}.lock`, fetchOne);
  if (fetched !== undefined) return fetched;
  throw new Error(
    ['No nats-server could be had:', ...failures, 'Install nats-server 2.10 or newer, or set NATS_URL.'].join(
      '\n',
    ),
  );
}

async function findCurrentOnPath(report: (line: string) => void): Promise<string> {
  const path = await findOnPath('nats-server');
  if (path === undefined) throw new Error('there is no nats-server');
  await usableVersion(path).catch((error: Error) => {
    report(`Passing over the nats-server on the PATH: ${error.message}.`);
    throw error;
  });
  return path;
}

/** @throws {Error} when the program doesn't run or is older than 2.10 */
async function usableVersion(path: string): Promise<string> {
  const [version, major, minor] =
    /(\d+)\.(\d+)\.\d+/.exec(await run([path, '--version'], { timeoutMs: 10_000 })) ?? [];
  if (version === undefined) throw new Error(`${path} names no version`);
  if (Number(major) * 1_000 + Number(minor) < 2_010)
    throw new Error(`${path} is ${version}, older than 2.10`);
  return version;
}
