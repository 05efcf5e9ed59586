import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

export type Checkout = Awaited<ReturnType<typeof copyProject>>;

/** Copies the working tree with its installed packages, so that a test can change and run it. */
export async function copyProject() {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-copy-'));
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root });
  const files = stdout.split('\n').filter(Boolean);
  // Workspace links are relative, so the copy's packages link to each other; npm packages are shared.
  const packages = new Set(files.filter((file) => file.endsWith('/package.json')).map(dirname));
  const links = [...packages].map((each) => join(each, 'node_modules'));
  for (const file of [...files, ...links]) {
    await cp(join(root, file), join(folder, file), { recursive: true, verbatimSymlinks: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      },
    );
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const inCopy = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    run(program, args, { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 64 * 1_048_576 }).then(
      (done) => done.stdout,
      (error: { stdout?: string; stderr?: string; message: string }) => {
        throw new Error([error.message, error.stdout, error.stderr].filter(Boolean).join('\n'));
      },
    );
  await inCopy('git', ['init', '--quiet']);
  await inCopy('git', ['add', '--all']);
  return {
    folder,
    /** @returns the program's output; @throws an error that includes it */
    run: inCopy,
    /** Files that differ from the project's, including added ones. */
    changed: async () =>
      (await inCopy('git', ['status', '--porcelain', '-uall']))
        .split('\n')
        .filter((line) => /^.[^ ]/.test(line))
        .map((line) => line.slice(3))
        .toSorted(),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
