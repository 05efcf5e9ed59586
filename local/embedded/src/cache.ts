import { readlink, rm, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { poll } from './poll.ts';

/** Where fetched and prepared things live: `PACELINE_CACHE`, else `.cache` at the root of the repository. */
export const defaultCacheDir = (): string =>
  process.env.PACELINE_CACHE || fileURLToPath(new URL('../../../.cache', import.meta.url));

/**
 * Lets one process at a time do `work`. It only saves double work: results enter the cache by rename, which
 * is safe without it, so a lock that can't be had within `timeoutMs` (real) is ignored.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const held = await poll(() => take(path), { timeoutMs, everyMs: 50 }).catch(() => false);
  try {
    return await work();
  } finally {
    if (held) await rm(path, { force: true });
  }
}

/** A lock is a symbolic link to its owner's process id: made in one step, and readable by whoever waits. */
async function take(path: string): Promise<boolean> {
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
