import { spawnSync } from 'node:child_process';
import { readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultCacheDir, exists, makeTempDir, removeAll, withLock, withTempDir } from './files.ts';

let dir: string;
let lock: string;
beforeEach(async () => {
  dir = await makeTempDir(tmpdir(), 'paceline-cache');
  lock = join(dir, 'lock');
});
afterEach(() => removeAll(dir));
afterEach(() => vi.unstubAllEnvs());

describe('withLock', () => {
  it('runs one at a time, and leaves no lock behind', async () => {
    let working = 0;
    const concurrent = await Promise.all(
      Array.from({ length: 5 }, () =>
        withLock(lock, async () => {
          working++;
          const seen = working;
          await readdir(dir);
          working--;
          return seen;
        }),
      ),
    );
    expect(concurrent).toEqual([1, 1, 1, 1, 1]);
    expect(await exists(lock)).toBe(false);
  });

  it('releases the lock when the work fails', async () => {
    await expect(withLock(lock, () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
  });

  it('breaks the lock of a dead process', async () => {
    const { pid } = spawnSync('true');
    await symlink(String(pid), lock);
    expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
  });

  it('ignores a lock that is held for too long, and does not remove it', async () => {
    await symlink(String(process.pid), lock);
    expect(await withLock(lock, () => Promise.resolve('done'), 50)).toBe('done');
    expect(await readdir(dir)).toEqual(['lock']);
  });

  it('works without a lock where none can be created', async () => {
    expect(await withLock(join(dir, 'missing', 'lock'), () => Promise.resolve('done'))).toBe('done');
  });
});

describe('withTempDir', () => {
  it('removes the folder after the work, even when it fails', async () => {
    const work = async (inside: string) => {
      expect(await exists(inside)).toBe(true);
      throw new Error('half done');
    };
    await expect(withTempDir(dir, work)).rejects.toThrow('half done');
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('the cache folder', () => {
  it('is .cache at the root of the repository unless PACELINE_CACHE is set', async () => {
    vi.stubEnv('PACELINE_CACHE', '');
    expect(await exists(join(defaultCacheDir(), '..', 'pnpm-workspace.yaml'))).toBe(true);
    vi.stubEnv('PACELINE_CACHE', dir);
    expect(defaultCacheDir()).toBe(dir);
  });
});
