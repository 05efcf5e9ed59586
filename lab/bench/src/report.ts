import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '@paceline/embedded';
import { table } from '@paceline/kit/table';
import { contenders, ours } from './contenders/all.ts';
import { postgresVersion, redisVersion } from './servers.ts';

type Cell = string | number;

/** What a result has in a column, and how its numbers are written. */
type Column<Result> = readonly [of: (result: Result) => Cell, show?: (value: number) => string];

/** Results as numbers for programs, by the titles of the columns, and as they are shown. */
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

/** What a workload came to. */
export interface Outcome extends ReturnType<typeof tableOf> {
  /** What its measurements mean and how they were taken; each a sentence or two. */
  readonly notes: readonly string[];
  readonly summary: Summary;
}

/** One line of the table of all workloads. */
interface Summary {
  readonly measure: string;
  readonly ours: string;
  /** By the name of a peer: how many times as good Paceline is, or what there is to say instead. */
  readonly against: Readonly<Record<string, string>>;
  readonly met: boolean;
  /** By how much and why, when it was not met; else what is worth knowing. */
  readonly because: string;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly goal: string;
  /** @param say takes a line about how far it is */
  run(say: (line: string) => void): Promise<Outcome>;
}

/** A workload and what came of it, or why nothing did. */
export interface WorkloadRun {
  readonly workload: Workload;
  readonly outcome?: Outcome;
  readonly failed?: string;
}

/** Runs it. A failure is a result too: the others go on. */
export async function measure(workload: Workload, say: (line: string) => void): Promise<WorkloadRun> {
  try {
    return { workload, outcome: await workload.run(say) };
  } catch (error) {
    return { workload, failed: (error as Error).message };
  }
}

/** What the numbers depend on, by its name. */
type Machine = Readonly<Record<string, string>>;

const packages = join(import.meta.dirname, '../node_modules');

export async function describeMachine(): Promise<Machine> {
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

/** The table of all workloads: one line each, and how many times as good as each peer we are. */
export const overview = (all: readonly WorkloadRun[]): string =>
  table(
    ['workload', 'measured', 'goal', 'Paceline', 'met', ...peers],
    all.map(({ workload: { id, title, goal }, outcome }) => {
      if (!outcome) return [`${id} ${title}`, '', goal, 'not measured', ''];
      const { measure, ours: result, against, met } = outcome.summary;
      const beside = peers.map((name) => against[name] ?? '–');
      return [`${id} ${title}`, measure, goal, result, met ? 'yes' : '**no**', ...beside];
    }),
  );

/** What the table of all workloads has no room for. */
export const remarks = (all: readonly WorkloadRun[]): string =>
  all
    .map(
      ({ workload: { id }, outcome, failed }) =>
        `- ${id}: ${outcome?.summary.because || failed || 'as it should be.'}`,
    )
    .join('\n');

/** One workload with everybody who took part. */
export function section({ workload: { id, title, goal }, outcome, failed }: WorkloadRun): string {
  const head = `## ${id} · ${title}\n\nGoal: ${goal}.`;
  if (!outcome) return `${head}\n\nNot measured: ${failed}`;
  return [head, table(...outcome.shown), ...outcome.notes].join('\n\n');
}

/** docs/benchmarks.md */
export function page(all: readonly WorkloadRun[], machine: Machine, command: string): string {
  const about = `# Benchmarks

The limiter beside packages that one would otherwise take, measured in one run on one machine:

\`\`\`sh
${command}
\`\`\`

That writes this page. \`npm run lab -- bench W1 W6\` measures some of it and prints it; \`--json\` prints numbers for
programs. Rows that we lose are here too, with the reason. Nothing here is a test: timings are as good as the machine was
quiet.

Upstream is imitated inside the callers: a call is on its way for a random time, arrives at a moment of the machine's
monotonic clock that all processes share, and is answered at once. What arrived is judged after the run by each way in
which an upstream may count. Peers are used as their documentation says; "margin" is what makes them safer than that.
Paceline is used through its client by processes of their own, on a real broker with limiters that are processes of
their own; its clock runs sixty times faster, so that its five calls a minute are five a second.`;
  const how =
    '"n ×" says how many times as good Paceline is; below 1 it is worse. "–": it has nothing like that, or was not measured.';
  const facts = table(['', ''], Object.entries(machine));
  return [about, facts, how, overview(all), remarks(all), ...all.map(section)].join('\n\n').concat('\n');
}
