import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestStack } from './stack.ts';

/** Memory, threads and handles of a process, from /proc. @throws {Error} when it has ended or is not readable */
export async function sampleProcess(pid: number) {
  const [status, handles] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ]);
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { rssBytes: of('VmRSS') * 1_024, threads: of('Threads'), handles: handles.length };
}

/** Bytes of all files below a folder; files that disappear meanwhile count as 0. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((total, each) => total + each, 0);
}

/** Linux counts CPU time in hundredths of a second. */
const tickMs = 10;

/** CPU time of each process and its children since its start, ms by name; `client` is this process. */
export async function cpuTimes(stack: TestStack) {
  const { user, system } = process.cpuUsage();
  const of = new Map([['client', (user + system) / 1_000]]);
  const all = await everyProcess();
  const servers = [...stack.broker.servers, ...(stack.database ? [stack.database] : [])];
  for (const each of [...stack.processes.values(), ...servers]) {
    const pid = each.pid();
    if (pid !== undefined) of.set(each.name, withDescendants(pid, all));
  }
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [busy = 0, nice = 0, kernel = 0, , , interrupts = 0, soft = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number);
  // `at`: real ms; `machine`: CPU time of everything on this machine.
  return { at: performance.now(), of, machine: (busy + nice + kernel + interrupts + soft) * tickMs };
}

type CpuTimes = Awaited<ReturnType<typeof cpuTimes>>;

/** CPU usage between two samples, largest first; 1 is one core. */
export function sharesBetween(before: CpuTimes, after: CpuTimes) {
  const ms = after.at - before.at;
  const of = [...after.of].map(([name, time]) => [name, (time - (before.of.get(name) ?? 0)) / ms] as const);
  const ours = of.reduce((total, [, share]) => total + share, 0);
  return {
    of: of.toSorted(([, one], [, other]) => other - one),
    ours,
    others: Math.max(0, (after.machine - before.machine) / ms - ours),
  };
}

/** Parent and CPU time (with ended children, ms) of each process. */
async function everyProcess() {
  const all = new Map<number, { parent: number; ms: number }>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // After the name in brackets: state, parent, …; from the 12th field user and system time.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
    all.set(Number(name), { parent: Number(fields[1]), ms: ticks * tickMs });
  }
  return all;
}

/** Postgres has a process for each connection. */
function withDescendants(pid: number, all: Awaited<ReturnType<typeof everyProcess>>): number {
  let ms = all.get(pid)?.ms ?? 0;
  for (const [child, { parent }] of all) if (parent === pid) ms += withDescendants(child, all);
  return ms;
}
