import { readdir, readFile } from 'node:fs/promises';
import type { TestStack } from '@paceline/kit/stack';

/** CPU time in ms, as the kernel of Linux counts it, since each process began. */
export interface CpuTimes {
  /** When they were read, real ms. */
  readonly at: number;
  /** By the name of the process, with all that it started; `asker` is this one, which asks. */
  readonly of: ReadonlyMap<string, number>;
  /** Of everything on this machine, ours or not. */
  readonly machine: number;
}

/** What a while took. 1 is one core. */
export interface CpuShares {
  /** The largest first. */
  readonly of: ReadonlyArray<readonly [name: string, share: number]>;
  readonly ours: number;
  readonly others: number;
}

/** The kernel counts in hundredths of a second. */
const tickMs = 10;

export async function cpuTimes(stack: TestStack): Promise<CpuTimes> {
  const { user, system } = process.cpuUsage();
  const of = new Map([['asker', (user + system) / 1_000]]);
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
  return { at: performance.now(), of, machine: (busy + nice + kernel + interrupts + soft) * tickMs };
}

export function sharesBetween(before: CpuTimes, after: CpuTimes): CpuShares {
  const ms = after.at - before.at;
  const of = [...after.of].map(([name, time]) => [name, (time - (before.of.get(name) ?? 0)) / ms] as const);
  const ours = of.reduce((sum, [, share]) => sum + share, 0);
  return {
    of: of.toSorted(([, one], [, other]) => other - one),
    ours,
    others: Math.max(0, (after.machine - before.machine) / ms - ours),
  };
}

interface Accounted {
  readonly parent: number;
  readonly ms: number;
}

async function everyProcess(): Promise<Map<number, Accounted>> {
  const all = new Map<number, Accounted>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // Behind the name, which is in brackets: state, parent, …, and from the 12th on user and system time, of the process
    // and of its children that have ended.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    all.set(Number(name), { parent: Number(fields[1]), ms: ticks * tickMs });
  }
  return all;
}

/** Postgres has a process for each connection. */
function withDescendants(pid: number, all: ReadonlyMap<number, Accounted>): number {
  let ms = all.get(pid)?.ms ?? 0;
  for (const [child, { parent }] of all) if (parent === pid) ms += withDescendants(child, all);
  return ms;
}
