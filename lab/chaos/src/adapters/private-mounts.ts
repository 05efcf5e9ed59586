import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { eventually } from '@paceline/shared/testing';

const execute = promisify(execFile);

/** Runs a program to its end and returns what it printed. @throws {Error} when it fails */
const run = async ([program = '', ...args]: readonly string[]): Promise<string> =>
  (await execute(program, args, { timeout: 20_000 })).stdout;

const inside = 'CHAOS_PRIVATE_MOUNTS';

/** Whether what this process mounts is seen by it and its children only, and gone when they are. */
export const hasPrivateMounts = (): boolean => process.env[inside] === 'yes';

/** Goes on as a process with mounts of its own. Returns its exit code; undefined when this is one, or none can be had. */
export async function withPrivateMounts(): Promise<number | undefined> {
  if (hasPrivateMounts()) return undefined;
  const through = ['unshare', '--mount', '--propagation', 'private', '--'];
  const trial = run([...through, 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']);
  if ((await trial.catch(() => undefined)) === undefined) return undefined;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const [program = '', ...args] = [...through, ...again];
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, [inside]: 'yes' } });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

/** A disk of its own for a folder. Brokers reserve most of what their streams may hold, so it has room for all of that. */
const room = '2g';

/** Mounts a disk on an empty folder; needs private mounts. */
export const mountDisk = (folder: string): Promise<string> =>
  run(['mount', '-t', 'tmpfs', '-o', `size=${room},mode=0700`, 'tmpfs', folder]);

/** Takes the disk away, with all that is on it. */
export const unmountDisk = (folder: string): Promise<string> => run(['umount', '--lazy', folder]);

/** Leaves the disk no room beyond what is on it, so that the next write fails with ENOSPC. */
export async function fillDisk(folder: string): Promise<void> {
  // What is written in between makes the size too small to be taken.
  await eventually(async () => {
    const used = (await run(['df', '--output=used', '-k', folder])).trim().split('\n').at(-1)?.trim();
    await run(['mount', '-o', `remount,size=${Number(used) + 4}k`, folder]);
  });
}

/** Gives the disk its room back. */
export const clearDisk = (folder: string): Promise<string> =>
  run(['mount', '-o', `remount,size=${room}`, folder]);
