import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '@paceline/embedded';
import { table } from '@paceline/kit/table';
import { contenders, ours } from './contenders/all.ts';
import { postgresVersion, redisVersion } from './servers.ts';

type Cell = string | number;

/** A column's value and number format. */
type Column<Result> = readonly [valueOf: (result: Result) => Cell, show?: (value: number) => string];

/** `rows`: raw values by column title, for JSON; `shown`: formatted cells. */
export function tableOf<Result>(
  results: readonly Result[],
  columns: Readonly<Record<string, Column<Result>>>,
) {
  const entries = Object.entries(columns);
  const shownBy = (result: Result, [of, show = String]: Column<Result>) => {
    const value = of(result);
    return typeof value === 'number' ? show(value) : value;
  };
  return {
    rows: results.map((result) => Object.fromEntries(entries.map(([title, [of]]) => [title, of(result)]))),
    shown: [
      entries.map(([title]) => title),
      results.map((result) => entries.map(([, column]) => shownBy(result, column))),
    ] as const,
  };
}

export interface WorkloadOutcome extends ReturnType<typeof tableOf> {
  /** How the measurements were taken and what they mean. */
  readonly notes: readonly string[];
  readonly summary: Summary;
}

/** One row of the overview table. */
interface Summary {
  readonly measure: string;
  readonly ours: string;
  /** By peer name: how many times as good Paceline is, or a text instead. */
  readonly against: Readonly<Record<string, string>>;
  readonly met: boolean;
  /** Why a goal was not met, or another remark. */
  readonly remark: string;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly goal: string;
  /** @param report receives progress lines */
  run(report: (line: string) => void): Promise<WorkloadOutcome>;
}

/** A workload with its outcome or error. */
export interface WorkloadRun {
  readonly workload: Workload;
  readonly outcome?: WorkloadOutcome;
  readonly failed?: string;
}

/** Runs a workload; a failure becomes its result, so the others still run. */
export async function measure(workload: Workload, report: (line: string) => void): Promise<WorkloadRun> {
  try {
    return { workload, outcome: await workload.run(report) };
  } catch (error) {
    return { workload, failed: (error as Error).message };
  }
}

/** Hardware and software versions by name. */
type MachineDescription = Readonly<Record<string, string>>;

const packages = join(import.meta.dirname, '../node_modules');

export async function describeMachine(): Promise<MachineDescription> {
  const { version: nats } = await findNatsServer({ report: () => undefined });
  return {
    Cores: `${availableParallelism()} (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    Memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    'Operating system': `${process.platform} ${process.arch}`,
    Node: process.versions.node,
    'nats-server': nats,
    Redis: await redisVersion().catch((error: Error) => error.message),
    Postgres: await postgresVersion(),
    Peers: (await Promise.all(peers.map(nameAndVersion))).join(', '),
  };
}

async function nameAndVersion(name: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `${name} ${version}`;
}

const peers = [...new Set(contenders.map(({ name }) => name))].filter((name) => name !== ours);

/** The overview table: one row per workload, compared with each peer. */
export const overview = (all: readonly WorkloadRun[]): string =>
  table(
    ['workload', 'measured', 'goal', 'Paceline', 'met', ...peers],
    all.map(({ workload: { id, title, goal }, outcome }) => {
      if (!outcome) return [`${id} ${title}`, '', goal, 'not measured', ''];
      const { measure, ours: result, against, met } = outcome.summary;
      const comparisons = peers.map((name) => against[name] ?? '–');
      return [`${id} ${title}`, measure, goal, result, met ? 'yes' : '**no**', ...comparisons];
    }),
  );

/** One remark per workload, below the overview. */
export const remarks = (all: readonly WorkloadRun[]): string =>
  all
    .map(
      ({ workload: { id }, outcome, failed }) =>
        `- ${id}: ${outcome?.summary.remark || failed || 'as expected'}`,
    )
    .join('\n');

/** The section of one workload. */
export function section({ workload: { id, title, goal }, outcome, failed }: WorkloadRun): string {
  const head = `## ${id} · ${title}\n\nGoal: ${goal}.`;
  if (!outcome) return `${head}\n\nNot measured: ${failed}`;
  return [head, table(...outcome.shown), ...outcome.notes].join('\n\n');
}

/** docs/benchmarks.md */
export function page(all: readonly WorkloadRun[], machine: MachineDescription, command: string): string {
  const about = `# Benchmarks

The limiter beside packages that are used for the same purpose, measured in one run on one machine:

\`\`\`sh
${command}
\`\`\`

That writes this page. \`npm run lab -- bench W1 W6\` measures some workloads and prints them; \`--json\` prints numbers for programs.
Rows that we lose are here too, with the reason. Nothing here is a test: timings depend on how quiet the machine was.

- Upstream is imitated inside the callers: a call travels for a random time, arrives at a time of the machine's monotonic clock that all
  processes share, and is answered at once. Arrivals are judged after the run by each way in which an upstream can count.
- Peers are used as their documentation says; "margin" is what makes them safer than that.
- W11 and W12 are about the whole system instead: beside it what a team would build from two of the peers, with the sandbox as upstream.
- Paceline is used through its client by separate processes, on a real broker with limiters in processes of their own. Its clock runs sixty
  times faster, so its 5 calls per minute are 5 per second.`;
  const how =
    '"n ×": how many times as good Paceline is; below 1 it is worse. "–": not supported, or not measured.';
  const facts = table(['', ''], Object.entries(machine));
  return [about, facts, how, overview(all), remarks(all), ...all.map(section)].join('\n\n').concat('\n');
}
