import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, measure, type Measured, overview, page, remarks, section } from './report.ts';
import { workloads } from './workloads/all.ts';

// Measures the workloads named (all, unless named): `node lab/bench/src/main.ts [W1 W2 …] [--json]`.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const named = positionals.map((each) => each.toUpperCase());
const unknown = named.filter((each) => workloads.every(({ id }) => id !== each));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are ${workloads.map(({ id }) => id).join(', ')}.`);
  process.exit(2);
}
const wanted = workloads.filter(({ id }) => named.length === 0 || named.includes(id));
const pageFile = join(import.meta.dirname, '../../../docs/benchmarks.md');

const machine = await describeMachine();
const all: Measured[] = [];
for (const workload of wanted) {
  console.error(`${workload.id} · ${workload.title}`);
  all.push(await measure(workload, (line) => console.error(`${workload.id}   ${line}`)));
}

if (values.json) {
  console.log(
    JSON.stringify(
      {
        machine,
        workloads: all.map(({ workload: { id, title, goal }, ...rest }) => ({ id, title, goal, ...rest })),
      },
      undefined,
      2,
    ),
  );
} else {
  console.log([...all.map(section), overview(all), remarks(all)].join('\n\n'));
  if (wanted.length === workloads.length) {
    await writeFile(pageFile, page(all, machine, 'npm run bench'));
    console.error('Written to docs/benchmarks.md.');
  }
}
process.exit(all.some(({ failed }) => failed !== undefined) ? 1 : 0);
