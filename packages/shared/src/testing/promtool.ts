import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir, withLock } from '../embedded/cache.ts';
import { unpackDebianPackage } from '../embedded/debian-package.ts';
import { isThere, withTempDir } from '../embedded/files.ts';
import { findOnPath } from '../embedded/run.ts';

/**
 * The path of Prometheus' own checker of rules: on the PATH, in the cache, or as Debian's package, which is then kept in
 * the cache.
 * @throws {Error} when it can't be had, with the reason
 */
export async function findPromtool(): Promise<string> {
  const onPath = await findOnPath('promtool');
  if (onPath !== undefined) return onPath;
  const cacheDir = defaultCacheDir();
  const cached = join(cacheDir, `promtool-${process.platform}-${process.arch}`);
  if (await isThere(cached)) return cached;
  await mkdir(cacheDir, { recursive: true });
  return withLock(`${cached}.lock`, async () => {
    // Another process may have been faster.
    if (await isThere(cached)) return cached;
    return withTempDir(cacheDir, async (dir) => {
      await rename(await unpackDebianPackage(dir, { program: 'promtool', from: 'promtool' }), cached);
      return cached;
    });
  });
}
