import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestStack } from './stack.ts';
import { sum } from './statistics.ts';

/** A process that is measured together with its children, except those that are measured themselves. */
export interface NamedProcess {
  readonly name: string;
  pid(): number | undefined;
}

/** All processes of a system: services, sandbox, broker and database. */
export const processesOf = ({ processes, broker, database }: TestStack): NamedProcess[] => [
  ...processes.values(),
  ...broker.servers,
  ...(database ? [database] : []),
];

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

type CpuTimes = Awaited<ReturnType<typeof cpuTimes>>;

/** CPU time of each process and its children since its start, ms by name; `client` is this process. */
export async function cpuTimes(processes: readonly NamedProcess[]) {
  const { user, system } = process.cpuUsage();
  const of = new Map([['client', (user + system) / 1_000]]);
  const all = await everyProcess();
  for (const { name, pids } of treesOf(processes, all)) {
    of.set(name, sum(pids.map((pid) => all.get(pid)?.ms ?? 0)));
  }
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [busy = 0, nice = 0, kernel = 0, , , interrupts = 0, soft = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number);
  // `at`: real ms; `machine`: CPU time of everything on this machine.
  return { at: performance.now(), of, machine: (busy + nice + kernel + interrupts + soft) * tickMs };
}

/** CPU time between two samples, ms by name, largest first. `others`: of everything else on this machine. */
export function cpuBetween(before: CpuTimes, after: CpuTimes) {
  const of = [...after.of].map(([name, time]) => [name, time - (before.of.get(name) ?? 0)] as const);
  const ours = sum(of.map(([, ms]) => ms));
  return {
    ms: after.at - before.at,
    of: of.toSorted(([, one], [, other]) => other - one),
    ours,
    others: Math.max(0, after.machine - before.machine - ours),
  };
}

/** Memory of each process with its children. `pss` counts a page that n processes share as 1/n in each. */
export async function memoryOf(processes: readonly NamedProcess[]) {
  return Promise.all(
    treesOf(processes, await everyProcess()).map(async ({ name, pids }) => {
      const each = await Promise.all(pids.map(mappedMemory));
      return { name, rss: sum(each.map(({ rss }) => rss)), pss: sum(each.map(({ pss }) => pss)) };
    }),
  );
}

/** Bytes; 0 when the process has ended. */
async function mappedMemory(pid: number) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1_024;
  return { rss: of('Rss'), pss: of('Pss') };
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

/** Each process with its descendants: Postgres has one for each connection. */
function treesOf(processes: readonly NamedProcess[], all: Awaited<ReturnType<typeof everyProcess>>) {
  const named = new Set(processes.map((each) => each.pid()));
  const below = (pid: number): number[] =>
    [...all].flatMap(([child, { parent }]) =>
      parent === pid && !named.has(child) ? [child, ...below(child)] : [],
    );
  return processes.map((each) => {
    const pid = each.pid();
    return { name: each.name, pids: pid === undefined ? [] : [pid, ...below(pid)] };
  });
}
