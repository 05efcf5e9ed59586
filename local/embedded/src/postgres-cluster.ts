import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere, removeAll } from './files.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { run } from './run.ts';
import { own, type Unprivileged } from './unprivileged.ts';

export interface ClusterOptions {
  readonly dataDir: string;
  /** The password of the user `postgres`; generated unless given. */
  readonly password?: string | undefined;
  /** Whether the new files are synced to disk. */
  readonly durable: boolean;
  readonly binaries: PostgresBinaries;
  readonly as: Unprivileged;
}

/** The password of a generated cluster lies beside its data folder, readable by its owner only. */
export const passwordFile = (dataDir: string): string => `${dataDir}.password`;

/**
 * Makes a cluster in `dataDir` unless one is there.
 * @returns the password of the user `postgres`
 * @throws {Error} when initdb fails, or when a cluster is there but its password isn't
 */
export async function ensureCluster(options: ClusterOptions): Promise<string> {
  const { dataDir, as } = options;
  if (!(await isThere(join(dataDir, 'PG_VERSION')))) return createCluster(options);
  await own(dataDir, as.owner);
  const password = options.password ?? (await readFile(passwordFile(dataDir), 'utf8').catch(() => undefined));
  if (password === undefined)
    throw new Error(`the password of ${dataDir} is lost: there is no ${passwordFile(dataDir)}`);
  return password;
}

async function createCluster({ dataDir, password, durable, binaries, as }: ClusterOptions): Promise<string> {
  const secret = password ?? randomBytes(18).toString('base64url');
  const secretFile = passwordFile(dataDir);
  const unfinished = `${dataDir}.unfinished`;
  await mkdir(dirname(dataDir), { recursive: true });
  await removeAll(unfinished);
  await rm(secretFile, { force: true });
  await writeFile(secretFile, secret, { mode: 0o600 });
  await mkdir(unfinished, { mode: 0o700 });
  await own(secretFile, as.owner);
  await own(unfinished, as.owner);

  const settings = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${secretFile}`];
  const shape = ['--encoding=UTF8', '--locale=C', ...(durable ? [] : ['--no-sync', '--wal-segsize=1'])];
  await run([...as.through, binaries.initdb, '-D', unfinished, ...settings, ...shape, '--no-instructions']);
  // Only a finished cluster gets the name, so an initdb that was killed is begun anew.
  await rename(unfinished, dataDir);
  return secret;
}
