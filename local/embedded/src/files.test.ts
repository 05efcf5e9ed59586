import { spawnSync } from 'node:child_process';
import { readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultCacheDir, isThere, makeTempDir, removeAll, withLock, withTempDir } from './files.ts';

let dir: string;
let lock: string;
beforeEach(async () => {
  dir = await makeTempDir(tmpdir(), 'paceline-cache');
  lock = join(dir, 'lock');
});
afterEach(() => removeAll(dir));
afterEach(() => vi.unstubAllEnvs());

describe('a lock', () => {
  it('lets one at a time work, and goes away with the last', async () => {
    let working = 0;
    const most = await Promise.all(
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
    expect(most).toEqual([1, 1, 1, 1, 1]);
    expect(await isThere(lock)).toBe(false);
  });

  it('is freed by work that fails', async () => {
    await expect(withLock(lock, () => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
  });

  it('is broken when its owner is dead', async () => {
    const { pid } = spawnSync('true');
    await symlink(String(pid), lock);
    expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
  });

  it('is ignored when its owner holds it for too long, and left to them', async () => {
    await symlink(String(process.pid), lock);
    expect(await withLock(lock, () => Promise.resolve('done'), 50)).toBe('done');
    expect(await readdir(dir)).toEqual(['lock']);
  });

  it('is done without where none can be made', async () => {
    expect(await withLock(join(dir, 'missing', 'lock'), () => Promise.resolve('done'))).toBe('done');
  });
});

describe('a temporary folder', () => {
  it('is there for the work and gone after it, even when that fails', async () => {
    const work = async (inside: string) => {
      expect(await isThere(inside)).toBe(true);
      throw new Error('half done');
    };
    await expect(withTempDir(dir, work)).rejects.toThrow('half done');
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('the cache', () => {
  it('is .cache at the root of the repository unless PACELINE_CACHE names another', async () => {
    vi.stubEnv('PACELINE_CACHE', '');
    expect(await isThere(join(defaultCacheDir(), '..', 'pnpm-workspace.yaml'))).toBe(true);
    vi.stubEnv('PACELINE_CACHE', dir);
    expect(defaultCacheDir()).toBe(dir);
  });
});
