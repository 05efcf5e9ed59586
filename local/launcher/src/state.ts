import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** State, logs and generated secrets of `npm start`; ignored by git. */
export const defaultStateFolder = join(root, '.paceline');

/** Loads `.env` from the root of the repository. */
export function loadDotEnv(): void {
  const file = join(root, '.env');
  if (existsSync(file)) loadEnvFile(file);
}

/** The folder with everything of a stack that survives a restart. */
export type StateFolder = Awaited<ReturnType<typeof openState>>;

export async function openState(folder: string) {
  await mkdir(join(folder, 'logs'), { recursive: true });
  const path = (...parts: string[]) => join(folder, ...parts);
  return {
    path,
    /** The content of the file `name`; undefined if there is none. */
    read: (name: string): Promise<string | undefined> => readFile(path(name), 'utf8').catch(() => undefined),
    /** Returns the file `name`, or creates it with `make`. Only its owner can read it. */
    async readOrCreate(name: string, make: () => string): Promise<string> {
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
