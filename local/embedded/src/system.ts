import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** What the program printed. @throws {Error} why it failed, is missing or took over `timeoutMs` (real) */
export function run(
  [program = '', ...args]: readonly string[],
  { cwd, timeoutMs = 60_000 }: { cwd?: string; timeoutMs?: number } = {},
): Promise<string> {
  const limits = { cwd, timeout: timeoutMs, killSignal: 'SIGKILL' as const };
  return new Promise((resolve, reject) => {
    execFile(program, args, limits, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`there is no ${program} here`));
      else if (error.killed) reject(new Error(`${program} took longer than ${timeoutMs} ms`));
      else reject(new Error(`${program} failed: ${lastLines(stderr || stdout || error.message)}`));
    });
  });
}

/** Whether a check passes that rejects when it does not. */
const passes = (check: Promise<unknown>): Promise<boolean> =>
  check.then(
    () => true,
    () => false,
  );

export const succeeds = (command: readonly string[]): Promise<boolean> =>
  passes(run(command, { timeoutMs: 5_000 }));

export async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, program);
    if (await passes(access(path, constants.X_OK))) return path;
  }
  return undefined;
}

/** The end of a program's output, which is where it says what went wrong. */
export const lastLines = (output: string, count = 5): string =>
  output.trimEnd().split('\n').slice(-count).join('\n');

/** What a process was started with, e.g. `sleep 60`; empty when there is no such process, or only its zombie. */
export async function commandOf(pid: number | string): Promise<string> {
  const words = existsSync('/proc/self/cmdline')
    ? readFile(`/proc/${pid}/cmdline`, 'utf8')
    : run(['ps', '-o', 'command=', '-p', String(pid)]);
  return (await words.catch(() => '')).replaceAll('\0', ' ').trim();
}

/** Repeats `check` until it succeeds. Throws its last failure after `timeoutMs` (real), or the signal's reason. */
export async function poll<T>(
  check: () => T | Promise<T>,
  { timeoutMs, everyMs = 20, signal }: { timeoutMs: number; everyMs?: number; signal?: AbortSignal },
): Promise<T> {
  const timeIsUp = AbortSignal.timeout(timeoutMs);
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await check();
    } catch (error) {
      if (timeIsUp.aborted) throw error;
    }
    await wait(everyMs);
  }
}

const loopback = '127.0.0.1';

/** Below those that the machine gives to the near ends of connections, one of which would take a server's while it is down. */
const ours = { least: 15_000, most: 32_000 };

/** Ports that were given out and may not be taken yet. */
const given = new Set<number>();

/** A TCP port that nobody listens on at this moment, and that nobody else in this process was given. */
export async function freePort(host = loopback): Promise<number> {
  for (;;) {
    const port = randomInt(ours.least, ours.most);
    if (given.has(port)) continue;
    given.add(port);
    if (await portIsFree(port, host)) return port;
  }
}

/** Whether a server could listen on `port` now. @throws {Error} when it is not allowed to, e.g. below 1024 */
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

/** @throws {Error} in plain words when something listens on `port`; port 0 ("any") is always fine */
export async function demandFreePort(port: number, host = loopback): Promise<void> {
  if (port === 0 || (await portIsFree(port, host))) return;
  throw new Error(`port ${port} is taken: stop what listens on ${host}:${port}, or choose another port`);
}
