import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { run } from './run.ts';

/** What a process was started with, e.g. `sleep 60`; empty when there is no such process, or only its zombie. */
export async function commandOf(pid: number | string): Promise<string> {
  const words = existsSync('/proc/self/cmdline')
    ? readFile(`/proc/${pid}/cmdline`, 'utf8')
    : run(['ps', '-o', 'command=', '-p', String(pid)]);
  return (await words.catch(() => '')).replaceAll('\0', ' ').trim();
}
