import { join } from 'node:path';
import { cached, defaultCacheDir, findOnPath, unpackDebianPackage } from '@paceline/embedded';

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
  const path = join(defaultCacheDir(), `${program}-${process.platform}-${process.arch}`);
  return cached(path, (dir) => unpackDebianPackage(dir, program));
}
