import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

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

/** Whether the program runs and ends well. */
export const succeeds = (command: readonly string[]): Promise<boolean> =>
  passes(run(command, { timeoutMs: 5_000 }));

/** The path of a program as a shell would find it, or undefined. */
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
