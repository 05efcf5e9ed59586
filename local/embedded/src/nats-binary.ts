import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDebianPackage } from './debian-package.ts';
import { defaultCacheDir, withLock, withTempDir } from './files.ts';
import { findOnPath, run } from './system.ts';

/** One official release of nats-server: where its archives lie and what they must hash to. */
export interface NatsRelease {
  readonly version: string;
  /** The folder that holds `v<version>/nats-server-v<version>-<os>-<arch>.tar.gz`. */
  readonly url: string;
  /** SHA-256 of the archive for `<os>-<arch>`, as in the release's own SHA256SUMS. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** To move on: take the new version's sums from its SHA256SUMS on the releases page of nats-io/nats-server. */
export const natsRelease: NatsRelease = {
  version: '2.14.5',
  url: 'https://github.com/nats-io/nats-server/releases/download',
  sha256: {
    'linux-amd64': '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355',
    'linux-arm64': '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c',
    'darwin-amd64': 'f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96',
    'darwin-arm64': 'ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50',
  },
};

export interface NatsServer {
  readonly path: string;
  readonly version: string;
  readonly source: 'PATH' | 'cache' | 'official release' | 'Debian package';
}

export interface FindNatsServerOptions {
  /** Where a fetched server is kept; `defaultCacheDir()` unless named. */
  readonly cacheDir?: string;
  /** Takes one plain sentence when something is worth saying: a server too old, a download. */
  readonly report: (line: string) => void;
  readonly release?: NatsRelease;
}

type Candidate = readonly [source: NatsServer['source'], find: () => Promise<string>];

/** A nats-server of 2.10 or newer: from PATH, cache, official release or Debian. @throws {Error} why each of them failed */
export async function findNatsServer(options: FindNatsServerOptions): Promise<NatsServer> {
  const { cacheDir = defaultCacheDir(), report, release = natsRelease } = options;
  const cached = join(cacheDir, `nats-server-${process.platform}-${process.arch}`);
  const failures = new Set<string>();

  const firstOf = async (...ways: Candidate[]): Promise<NatsServer | undefined> => {
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
  const fromCache: Candidate = ['cache', () => Promise.resolve(cached)];
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
      ['Debian package', keep((dir) => unpackDebianPackage(dir, 'nats-server'))],
    );

  const present = await firstOf(['PATH', () => findCurrentOnPath(report)], fromCache);
  if (present !== undefined) return present;
  report(`Getting a nats-server, once: it stays in ${cacheDir} …`);
  await mkdir(cacheDir, { recursive: true }).catch(() => undefined);
  const fetched = await withLock(`${cached}.lock`, fetchOne);
  if (fetched !== undefined) return fetched;
  const advice = 'Install nats-server 2.10 or newer, or set NATS_URL.';
  throw new Error(['No nats-server could be had:', ...failures, advice].join('\n'));
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

/** Real ms: how long the host may take to answer at all, after which there are other ways, and to send everything. */
const patience = { answerMs: 3_000, bodyMs: 120_000 };

/** Downloads, verifies (SHA-256) and unpacks a release. Returns the program's path. @throws {Error} with the reason */
export async function downloadRelease(
  release: NatsRelease,
  dir: string,
  { answerMs, bodyMs } = patience,
): Promise<string> {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const expected = release.sha256[platform];
  if (expected === undefined) throw new Error(`no release is pinned for ${platform}`);

  const name = `nats-server-v${release.version}-${platform}`;
  const archive = await download(`${release.url}/v${release.version}/${name}.tar.gz`, { answerMs, bodyMs });
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`${name}.tar.gz has the SHA-256 ${actual}, not ${expected}`);

  const file = join(dir, 'release.tar.gz');
  await writeFile(file, archive);
  await run(['tar', '-xzf', file, '-C', dir]);
  return join(dir, name, 'nats-server');
}

async function download(url: string, { answerMs, bodyMs }: typeof patience): Promise<Buffer> {
  const giveUp = new AbortController();
  const until = (ms: number) => setTimeout(() => giveUp.abort(new Error(`no answer in ${ms} ms`)), ms);
  let timer = until(answerMs);
  try {
    // oxlint-disable-next-line no-restricted-globals -- a program from its own project, no call of upstream
    const response = await fetch(url, { signal: giveUp.signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    timer = until(bodyMs);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    // fetch says only "fetch failed" and keeps the reason in the cause.
    const { message, cause } = error as Error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
