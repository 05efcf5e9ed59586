import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { numberOf, oneOf, runCommand, terminal } from '@paceline/kit/arguments';
import { describeRun, writeSection } from '@paceline/kit/page';
import { type AddFigures, measureAdds } from './add.ts';
import { addSection, goalTable, profileText, restSection } from './page.ts';
import { measureRest } from './rest.ts';

const usage = `npm run lab -- profile [--only add | rest] [--seconds N] [--cpu] [--json]

Measures the work of one added rider (CPU, SQL statements, messages, allocated memory) and of the whole system at rest. Without
--only and --json it writes docs/performance.md. Linux only.

  --only PART  only the added riders, or only the system at rest
  --seconds N  duration per figure (default 5); at rest twelve times as long
  --cpu        also print where the CPU of each process goes, and keep V8's profiles in .cache/profile
  --json       print the numbers as JSON

Exit codes: 0 measured, 2 wrong usage.`;

const options = {
  only: { type: 'string' },
  seconds: { type: 'string', default: '5' },
  cpu: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

const root = join(import.meta.dirname, '../../..');

process.exitCode = await runCommand({ usage, options }, process.argv.slice(2), terminal, async (given) => {
  const only = given.only === undefined ? undefined : oneOf('--only', given.only, ['add', 'rest']);
  const seconds = numberOf('--seconds', given.seconds, 0.5, 3_600);
  const [load = 0] = loadavg();
  const add = only === 'rest' ? undefined : await measureAdds(seconds * 1_000, given.cpu);
  if (add?.profiles) await keepProfiles(add.profiles);
  const rest = only === 'add' ? undefined : await measureRest(seconds * 12_000);
  if (given.json) {
    terminal.out(JSON.stringify({ load, add: add && { ...add, profiles: undefined }, rest }, undefined, 2));
    return 0;
  }
  const command = `npm run lab -- profile${seconds === 5 ? '' : ` --seconds ${seconds}`}`;
  const parts = [
    await describeRun(command, load),
    goalTable(add, rest),
    ...(add ? addSection(add) : []),
    ...(rest ? restSection(rest) : []),
  ];
  terminal.out(parts.join('\n\n'));
  if (add?.profiles) terminal.out(`\n${profileText(add.profiles, root)}`);
  if (only === undefined) {
    await writeSection('docs/performance.md', 'npm run lab -- profile', parts);
    terminal.error('wrote docs/performance.md');
  }
  return 0;
});

async function keepProfiles({ reports }: NonNullable<AddFigures['profiles']>): Promise<void> {
  const folder = join(root, '.cache/profile');
  await mkdir(folder, { recursive: true });
  for (const [name, { cpu }] of reports)
    await writeFile(join(folder, `${name}.cpuprofile`), JSON.stringify(cpu));
}
