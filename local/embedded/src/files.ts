import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

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
