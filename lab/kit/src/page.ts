import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../../..');

/** Replaces what a command has written into its section of a page. @param page path from the root @throws without a section */
export async function writeSection(page: string, command: string, parts: readonly string[]): Promise<void> {
  const file = join(root, page);
  await writeFile(file, withSection(await readFile(file, 'utf8'), command, parts));
}

/** @throws when the page has no section of the command */
export function withSection(page: string, command: string, parts: readonly string[]): string {
  const [startMark, endMark] = [`<!-- written by ${command} -->`, '<!-- until here -->'];
  const [before, rest] = page.split(startMark);
  const [, after] = rest?.split(endMark) ?? [];
  if (after === undefined) throw new Error(`no section between ${startMark} and ${endMark}`);
  return [before, startMark, ...parts.map((part) => `\n\n${part}`), '\n\n', endMark, after].join('');
}

/** Where figures come from: the command, the machine, the commit, and the machine's load before it. */
export async function describeRun(command: string, load: number): Promise<string> {
  return (
    `\`${command}\` on ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}) with Node ` +
    `${process.versions.node}, of commit ${await commit()}; the machine's load before it was ${load.toFixed(1)}.`
  );
}

const git = promisify(execFile);

async function commit(): Promise<string> {
  try {
    const { stdout } = await git('git', ['describe', '--always', '--dirty=` with changes', '--abbrev=8'], {
      cwd: root,
    });
    const text = stdout.trim();
    return text.endsWith(' with changes') ? `\`${text}` : `\`${text}\``;
  } catch {
    return 'unknown';
  }
}
