import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDebianPackage } from './debian-package.ts';
import { defaultCacheDir, withLock, withTempDir } from './files.ts';
import { findOnPath, run } from './system.ts';

/** One official release of nats-server, with the checksums of its archives. */
export interface NatsRelease {
  readonly version: string;
  /** The folder that holds `v<version>/nats-server-v<version>-<os>-<arch>.tar.gz`. */
  readonly url: string;
  /** SHA-256 of the archive for `<os>-<arch>`, as in the release's own SHA256SUMS. */
  readonly sha256: Readonly<Record<string, string>>;
}

/**
 * Newest first: the release with which the tests run, then one for platforms without a known checksum of it.
 * To upgrade, copy the checksums from SHA256SUMS on the releases page of nats-io/nats-server.
 */
export const natsReleases: readonly [NatsRelease, ...NatsRelease[]] = [
  {
    version: '2.15.1',
    url: 'https://github.com/nats-io/nats-server/releases/download',
    sha256: {
      'linux-amd64': 'bf5edc7b1ce98e885c368cb43a886eb148dc5d0551d99f3cf6141fb5e1954c70',
      'linux-arm64': 'e2fbab4cad7d3c76e3052eb959570393c9d73ba756b70bf8e9eea61e9ae6d49c',
    },
  },
  {
    version: '2.14.5',
    url: 'https://github.com/nats-io/nats-server/releases/download',
    sha256: {
      'darwin-amd64': 'f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96',
      'darwin-arm64': 'ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50',
    },
  },
];

/** The release that Docker and Kubernetes run. */
export const natsRelease: NatsRelease = natsReleases[0];

const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
const releaseHere = natsReleases.find(({ sha256 }) => platform in sha256) ?? natsRelease;

export interface NatsServer {
  readonly path: string;
  readonly version: string;
  readonly source: 'NATS_SERVER' | 'PATH' | 'cache' | 'official release' | 'Debian package';
}

export interface FindNatsServerOptions {
  /** Keeps a downloaded server; default `defaultCacheDir()`. */
  readonly cacheDir?: string;
  /** Called for an outdated server and for a download. */
  readonly report: (line: string) => void;
  readonly release?: NatsRelease;
}

type NatsServerSource = readonly [source: NatsServer['source'], find: () => Promise<string>];

/**
 * Finds the program in NATS_SERVER; else the pinned release or a newer one on PATH, in the cache, as official release or in
 * Debian. @throws {Error} why each failed
 */
export async function findNatsServer(options: FindNatsServerOptions): Promise<NatsServer> {
  const chosen = process.env.NATS_SERVER;
  // Of any version: to run the tests, or a system, on that one. `connect` refuses what can't work.
  if (chosen) return { path: chosen, version: (await versionOf(chosen)).text, source: 'NATS_SERVER' };
  const { cacheDir = defaultCacheDir(), report, release = releaseHere } = options;
  const cached = join(cacheDir, `nats-server-${release.version}-${process.platform}-${process.arch}`);
  const failures = new Set<string>();
  const usableVersion = (path: string) => versionFrom(path, release.version);

  const firstOf = async (...candidates: NatsServerSource[]): Promise<NatsServer | undefined> => {
    for (const [source, find] of candidates) {
      try {
        const path = await find();
        return { path, version: await usableVersion(path), source };
      } catch (error) {
        failures.add(`  ${source}: ${(error as Error).message}`);
      }
    }
    return undefined;
  };
  const fromCache: NatsServerSource = ['cache', () => Promise.resolve(cached)];
  const intoCache = (fetch: (dir: string) => Promise<string>) => () =>
    withTempDir(cacheDir, async (dir) => {
      const fetched = await fetch(dir);
      await usableVersion(fetched);
      await rename(fetched, cached);
      return cached;
    });
  const fetchOne = () =>
    firstOf(
      fromCache, // another process may have downloaded it meanwhile
      ['official release', intoCache((dir) => downloadRelease(release, dir))],
      ['Debian package', intoCache((dir) => unpackDebianPackage(dir, 'nats-server'))],
    );

  const present = await firstOf(['PATH', () => findCurrentOnPath(report, usableVersion)], fromCache);
  if (present !== undefined) return present;
  report(`downloading nats-server (only once, kept in ${cacheDir}) …`);
  await mkdir(cacheDir, { recursive: true }).catch(() => undefined);
  const fetched = await withLock(`${cached}.lock`, fetchOne);
  if (fetched !== undefined) return fetched;
  const advice = `Install nats-server ${release.version} or newer, or set NATS_SERVER to a program or NATS_URL to a broker.`;
  throw new Error(['No usable nats-server found:', ...failures, advice].join('\n'));
}

async function findCurrentOnPath(
  report: (line: string) => void,
  usableVersion: (path: string) => Promise<string>,
): Promise<string> {
  const path = await findOnPath('nats-server');
  if (path === undefined) throw new Error('nats-server not found');
  await usableVersion(path).catch((error: Error) => {
    report(`skipping the nats-server on the PATH: ${error.message}`);
    throw error;
  });
  return path;
}

/** @throws {Error} when the program doesn't run */
async function versionOf(path: string): Promise<{ text: string; parts: number[] }> {
  const printed = await run([path, '--version'], { timeoutMs: 10_000 });
  const [text] = /\d+\.\d+\.\d+/.exec(printed) ?? [];
  if (text === undefined) throw new Error(`${path} prints no version`);
  return { text, parts: text.split('.').map(Number) };
}

/** @throws {Error} when the program doesn't run or is older than `oldest` */
async function versionFrom(path: string, oldest: string): Promise<string> {
  const { text, parts } = await versionOf(path);
  const wanted = oldest.split('.').map(Number);
  const differing = wanted.findIndex((part, index) => part !== parts[index]);
  if (differing >= 0 && (parts[differing] ?? 0) < (wanted[differing] ?? 0))
    throw new Error(`${path} is ${text}, older than ${oldest}`);
  return text;
}

/** Real ms. Headers must arrive soon, since there is another source to try; the body can take longer. */
const defaultTimeouts = { headersMs: 3_000, bodyMs: 120_000 };

/** Downloads, verifies (SHA-256) and unpacks a release. Returns the program's path. @throws {Error} with the reason */
export async function downloadRelease(
  release: NatsRelease,
  dir: string,
  timeouts = defaultTimeouts,
): Promise<string> {
  const expected = release.sha256[platform];
  if (expected === undefined) throw new Error(`no checksum is pinned for ${platform}`);

  const name = `nats-server-v${release.version}-${platform}`;
  const archive = await download(`${release.url}/v${release.version}/${name}.tar.gz`, timeouts);
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`${name}.tar.gz has the SHA-256 ${actual}, not ${expected}`);

  const file = join(dir, 'release.tar.gz');
  await writeFile(file, archive);
  await run(['tar', '-xzf', file, '-C', dir]);
  return join(dir, name, 'nats-server');
}

async function download(url: string, { headersMs, bodyMs }: typeof defaultTimeouts): Promise<Buffer> {
  const giveUp = new AbortController();
  const abortAfter = (ms: number, what: string) =>
    setTimeout(() => giveUp.abort(new Error(`${what} within ${ms} ms`)), ms);
  let timer = abortAfter(headersMs, 'no response');
  try {
    // oxlint-disable-next-line no-restricted-globals -- downloads a release from GitHub, does not call upstream
    const response = await fetch(url, { signal: giveUp.signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    timer = abortAfter(bodyMs, 'download incomplete');
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    // The message is only "fetch failed"; the reason is in the cause.
    const { message, cause } = error as Error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
