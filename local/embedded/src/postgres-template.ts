import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir, withLock } from './cache.ts';
import { isThere, removeAll, withTempDir } from './files.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { ensureCluster } from './postgres-cluster.ts';
import { run } from './run.ts';
import { unprivileged } from './unprivileged.ts';

/**
 * Copies a new cluster to `dir/data`, its password beside it, in half of the time that making one takes.
 * It was made once and is kept in the cache. Without a usable cache nothing is copied, and whoever starts
 * Postgres there makes a cluster in its own time.
 */
export async function copyTemplate(dir: string): Promise<void> {
  try {
    await run(['cp', '-R', `${await template(defaultCacheDir())}/.`, dir]);
  } catch {
    await removeAll(join(dir, 'data'));
  }
}

async function template(cacheDir: string): Promise<string> {
  const binaries = postgresBinaries();
  const ready = join(cacheDir, `postgres-template-${binaries.version}`);
  if (await isThere(ready)) return ready;
  const as = await unprivileged(binaries.postgres);
  await mkdir(cacheDir, { recursive: true });
  await withLock(`${ready}.lock`, async () => {
    if (await isThere(ready)) return;
    await withTempDir(cacheDir, async (dir) => {
      await ensureCluster({ dataDir: join(dir, 'data'), durable: false, binaries, as });
      await rename(dir, ready);
    });
  });
  return ready;
}
