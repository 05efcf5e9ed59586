import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { oneOf, runCommand, terminal } from '@paceline/kit/arguments';
import {
  describeMachine,
  measure,
  type WorkloadRun,
  overview,
  page,
  remarks,
  section,
  type Workload,
} from './report.ts';
import { saturated } from './workloads/w01-saturated.ts';
import { burst } from './workloads/w02-burst.ts';
import { manual } from './workloads/w03-manual.ts';
import { starvation } from './workloads/w04-starvation.ts';
import { killed } from './workloads/w05-killed.ts';
import { uncontended } from './workloads/w06-uncontended.ts';
import { flooded } from './workloads/w07-flood.ts';
import { frozen } from './workloads/w08-frozen.ts';
import { manyWaiting } from './workloads/w09-many-waiting.ts';
import { estimates } from './workloads/w10-estimates.ts';
import { command } from './workloads/w11-command.ts';
import { atRest } from './workloads/w12-at-rest.ts';

const workloads: readonly Workload[] = [
  saturated,
  burst,
  manual,
  starvation,
  killed,
  uncontended,
  flooded,
  frozen,
  manyWaiting,
  estimates,
  command,
  atRest,
];

const ids = workloads.map(({ id }) => id);

const usage = `npm run lab -- bench [${ids.join(' | ')} …] [--json]

Measures the named workloads, or all and writes docs/benchmarks.md.

  --json  print the numbers as JSON

Exit codes: 0 measured, 1 a workload failed, 2 wrong usage.`;

const pageFile = join(import.meta.dirname, '../../../docs/benchmarks.md');

const exitCode = await runCommand(
  { usage, options: { json: { type: 'boolean', default: false } }, allowPositionals: true },
  process.argv.slice(2),
  terminal,
  async ({ json }, positionals) => {
    const named = positionals.map((each) => oneOf('WORKLOAD', each.toUpperCase(), ids));
    const selected = workloads.filter(({ id }) => named.length === 0 || named.includes(id));
    const machine = await describeMachine();
    const all: WorkloadRun[] = [];
    for (const workload of selected) {
      terminal.error(`${workload.id} · ${workload.title}`);
      all.push(await measure(workload, (line) => terminal.error(`${workload.id}   ${line}`)));
    }
    if (json) terminal.out(JSON.stringify({ machine, workloads: all.map(numbersOf) }, undefined, 2));
    else {
      terminal.out([...all.map(section), overview(all), remarks(all)].join('\n\n'));
      if (selected.length === workloads.length) {
        await writeFile(pageFile, page(all, machine, 'npm run lab -- bench'));
        terminal.error('wrote docs/benchmarks.md');
      }
    }
    return all.some(({ failed }) => failed !== undefined) ? 1 : 0;
  },
);
process.exit(exitCode);

function numbersOf({ workload: { id, title, goal }, outcome, failed }: WorkloadRun) {
  return { id, title, goal, outcome: outcome && { ...outcome, shown: undefined }, failed };
}
