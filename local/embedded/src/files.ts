import { chmod, mkdir, mkdtemp, readlink, rename, rm, stat, statfs, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { poll } from './system.ts';

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const removeAll = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** Creates a folder `<parent>/<name>-…` that other users can traverse: Postgres may run as another user. */
export async function makeTempDir(parent: string, name: string): Promise<string> {
  const dir = await mkdtemp(join(parent, `${name}-`));
  await chmod(dir, 0o711);
  return dir;
}

/** Runs `work` with a temporary folder in `parent`, so that results can be renamed into place; removes it after. */
export async function withTempDir<T>(parent: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await makeTempDir(parent, 'tmp');
  try {
    return await work(dir);
  } finally {
    await removeAll(dir);
  }
}

/** A folder for one test server: in TMPDIR if set, else in memory (faster) when 2 GiB are free, else on disk. */
export async function scratchDir(name: string): Promise<string> {
  const memory = '/dev/shm';
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  const root = process.env.TMPDIR || bavail * bsize < 2 * 1024 ** 3 ? tmpdir() : memory;
  return makeTempDir(root, `paceline-${name}`);
}

/** The folder for downloads and templates: `PACELINE_CACHE`, else `.cache` at the root of the repository. */
export const defaultCacheDir = (): string =>
  process.env.PACELINE_CACHE || fileURLToPath(new URL('../../../.cache', import.meta.url));

/** Returns `path` in the cache; if missing, one process creates it with `make` in a temporary folder. */
export async function cached(path: string, make: (dir: string) => Promise<string>): Promise<string> {
  if (await exists(path)) return path;
  const cacheDir = dirname(path);
  await mkdir(cacheDir, { recursive: true });
  return withLock(`${path}.lock`, async () => {
    // Another process may have created it meanwhile.
    if (!(await exists(path))) await withTempDir(cacheDir, async (dir) => rename(await make(dir), path));
    return path;
  });
}

/** Runs `work` in one process at a time. It only avoids duplicate work: after `timeoutMs` a held lock is ignored. */
export async function withLock<T>(path: string, work: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const held = await poll(() => lock(path), { timeoutMs, everyMs: 50 }).catch(() => false);
  try {
    return await work();
  } finally {
    if (held) await rm(path, { force: true });
  }
}

/** A lock is a symbolic link to its owner's process id: created atomically, and readable by others. */
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
