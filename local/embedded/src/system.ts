import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Returns the program's output. @throws {Error} when it fails, is missing or takes longer than `timeoutMs` (real) */
export function run(
  [program = '', ...args]: readonly string[],
  { cwd, timeoutMs = 60_000 }: { cwd?: string; timeoutMs?: number } = {},
): Promise<string> {
  const limits = { cwd, timeout: timeoutMs, killSignal: 'SIGKILL' as const };
  return new Promise((resolve, reject) => {
    execFile(program, args, limits, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`${program} not found`));
      else if (error.killed) reject(new Error(`${program} took longer than ${timeoutMs} ms`));
      else reject(new Error(`${program} failed: ${lastLines(stderr || stdout || error.message)}`));
    });
  });
}

const resolves = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => true,
    () => false,
  );

export const succeeds = (command: readonly string[]): Promise<boolean> =>
  resolves(run(command, { timeoutMs: 5_000 }));

export async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, program);
    if (await resolves(access(path, constants.X_OK))) return path;
  }
  return undefined;
}

/** The end of a program's output, usually with the error. */
export const lastLines = (output: string, count = 5): string =>
  output.trimEnd().split('\n').slice(-count).join('\n');

/** The command line of a process, e.g. `sleep 60`; empty when it doesn't exist or is a zombie. */
export async function commandOf(pid: number | string): Promise<string> {
  const words = existsSync('/proc/self/cmdline')
    ? readFile(`/proc/${pid}/cmdline`, 'utf8')
    : run(['ps', '-o', 'command=', '-p', String(pid)]);
  return (await words.catch(() => '')).replaceAll('\0', ' ').trim();
}

/** Repeats `check` until it succeeds. Throws its last error after `timeoutMs` (real), or the signal's reason. */
export async function poll<T>(
  check: () => T | Promise<T>,
  { timeoutMs, everyMs = 20, signal }: { timeoutMs: number; everyMs?: number; signal?: AbortSignal },
): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await check();
    } catch (error) {
      if (deadline.aborted) throw error;
    }
    await wait(everyMs);
  }
}

const loopback = '127.0.0.1';

/** Below the ephemeral ports: an outgoing connection could take one of those while a server is down. */
const portRange = { min: 15_000, max: 32_000 };

/** Ports returned by `freePort`, which may not be bound yet. */
const reserved = new Set<number>();

/** Returns a TCP port that is free now and that this process has not been given before. */
export async function freePort(host = loopback): Promise<number> {
  for (;;) {
    const port = randomInt(portRange.min, portRange.max);
    if (reserved.has(port)) continue;
    reserved.add(port);
    if (await portIsFree(port, host)) return port;
  }
}

/** Whether a server could listen on `port` now. @throws {Error} without permission, e.g. below 1024 */
export async function portIsFree(port: number, host = loopback): Promise<boolean> {
  const server = createServer().listen({ port, host, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** @throws {Error} when `port` is in use; port 0 means any and never is */
export async function assertPortFree(port: number, host = loopback): Promise<void> {
  if (port === 0 || (await portIsFree(port, host))) return;
  throw new Error(
    `port ${port} is already in use: stop the process that listens on ${host}:${port}, or choose another port`,
  );
}
