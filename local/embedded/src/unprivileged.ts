import { lstat } from 'node:fs/promises';
import { run, succeeds } from './run.ts';

/** How a program that refuses to be root is run by whoever we are. */
export interface Unprivileged {
  /** What it is run through; nothing unless we are root. */
  readonly through: readonly string[];
  /** The user and group that its files must belong to; undefined unless we are root. */
  readonly owner: number | undefined;
}

/** The id of `nobody` and its group. It is a known user everywhere, and Postgres insists on a known one. */
const nobody = 65_534;

/**
 * Finds out by trying. Root becomes `nobody` inside a user namespace, where files stay root's; where
 * namespaces are forbidden, as in many containers, it becomes the real `nobody`.
 * @param program one that is to be run; it must tell its version
 * @throws {Error} when root can do neither, e.g. because `nobody` can't read the folder of the project
 */
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
