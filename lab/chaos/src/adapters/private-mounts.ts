import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { eventually } from '@paceline/shared/testing';

const execute = promisify(execFile);

/** Runs a program. @returns its output @throws {Error} when it fails */
const run = async ([program = '', ...args]: readonly string[]): Promise<string> =>
  (await execute(program, args, { timeout: 20_000 })).stdout;

const inside = 'CHAOS_PRIVATE_MOUNTS';

/** Whether this process has its own mount namespace. */
export const hasPrivateMounts = (): boolean => process.env[inside] === 'yes';

/** Restarts the program in its own mount namespace. @returns its exit code; undefined when already in one, or not possible */
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

/** Disk size; brokers reserve most of their streams' maximum size. */
const diskSize = '2g';

/** Mounts a disk on an empty folder; needs private mounts. */
export const mountDisk = (folder: string): Promise<string> =>
  run(['mount', '-t', 'tmpfs', '-o', `size=${diskSize},mode=0700`, 'tmpfs', folder]);

/** Removes the disk and its contents. */
export const unmountDisk = (folder: string): Promise<string> => run(['umount', '--lazy', folder]);

/** Shrinks the disk to its contents, so that the next write fails with ENOSPC. */
export async function fillDisk(folder: string): Promise<void> {
  // Retried, because data written meanwhile makes the size too small.
  await eventually(async () => {
    const used = (await run(['df', '--output=used', '-k', folder])).trim().split('\n').at(-1)?.trim();
    await run(['mount', '-o', `remount,size=${Number(used) + 4}k`, folder]);
  });
}

/** Restores the disk's size. */
export const clearDisk = (folder: string): Promise<string> =>
  run(['mount', '-o', `remount,size=${diskSize}`, folder]);
