import { chmod, mkdir, mkdtemp, readlink, rename, rm, stat, statfs, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { poll } from './system.ts';

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const removeAll = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** A new folder `<parent>/<name>-…` of ours, which others, as Postgres may have to be, can pass through. */
export async function makeTempDir(parent: string, name: string): Promise<string> {
  const dir = await mkdtemp(join(parent, `${name}-`));
  await chmod(dir, 0o711);
  return dir;
}

/** Gives `work` a temporary folder in `parent`, from where results can be renamed into place, and removes it. */
export async function withTempDir<T>(parent: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await makeTempDir(parent, 'tmp');
  try {
    return await work(dir);
  } finally {
    await removeAll(dir);
  }
}

/** For one test server: below TMPDIR if set, else in memory (faster) when 2 GiB are free, else on disk. */
export async function scratchDir(name: string): Promise<string> {
  const memory = '/dev/shm';
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  const root = process.env.TMPDIR || bavail * bsize < 2 * 1024 ** 3 ? tmpdir() : memory;
  return makeTempDir(root, `paceline-${name}`);
}

/** Where fetched and prepared things live: `PACELINE_CACHE`, else `.cache` at the root of the repository. */
export const defaultCacheDir = (): string =>
  process.env.PACELINE_CACHE || fileURLToPath(new URL('../../../.cache', import.meta.url));

/** A path in the cache: what `make` made in a temporary folder, once and by one process at a time. */
export async function cached(path: string, make: (dir: string) => Promise<string>): Promise<string> {
  if (await isThere(path)) return path;
  const cacheDir = dirname(path);
  await mkdir(cacheDir, { recursive: true });
  return withLock(`${path}.lock`, async () => {
    // Another process may have been faster.
    if (!(await isThere(path))) await withTempDir(cacheDir, async (dir) => rename(await make(dir), path));
    return path;
  });
}

/** One process at a time does `work`. It only saves double work, so a lock that is not free within `timeoutMs` is ignored. */
export async function withLock<T>(path: string, work: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const held = await poll(() => lock(path), { timeoutMs, everyMs: 50 }).catch(() => false);
  try {
    return await work();
  } finally {
    if (held) await rm(path, { force: true });
  }
}

/** A lock is a symbolic link to its owner's process id: made in one step, and readable by the others. */
async function lock(path: string): Promise<boolean> {
  try {
    await symlink(String(process.pid), path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  const owner = Number(await readlink(path));
  if (!isAlive(owner)) await rm(path, { force: true });
  throw new Error(`process ${owner} holds ${path}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
