import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder in which a stack keeps all that survives a restart. */
export interface StateFolder {
  /** A path below the folder. */
  path(...parts: string[]): string;
  /** What was kept under `name`, or what `make` gives, which is then kept. Readable by nobody else. */
  keep(name: string, make: () => string): Promise<string>;
}

export async function openState(folder: string): Promise<StateFolder> {
  await mkdir(join(folder, 'logs'), { recursive: true });
  const path = (...parts: string[]) => join(folder, ...parts);
  return {
    path,
    async keep(name, make) {
      try {
        return await readFile(path(name), 'utf8');
      } catch {
        const made = make();
        await writeFile(path(name), made, { mode: 0o600, flag: 'wx' });
        return made;
      }
    },
  };
}

export const randomSecret = (): string => randomBytes(24).toString('base64url');
