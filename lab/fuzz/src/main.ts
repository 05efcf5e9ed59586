import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sandboxClock } from '@paceline/launcher';
import { startTestStack } from '@paceline/kit/stack';
import { crashedSince } from './crashes.ts';
import { fuzzHttp } from './http.ts';
import { fuzzMessages } from './messages.ts';
import { page, wrongIn } from './page.ts';

const usage = `npm run fuzz -- [--runs N] [--seed N] [--write]

Sends what nobody should send to every route and every subject of the whole system, as real processes.

  --runs N   to each subject, three times as many to each route; 100 unless told
  --seed N   the same inputs again; 1 unless told
  --write    to docs/fuzz.md too

Exit code 0: nothing has ended, failed or gone lost. 1: something has; .cache/fuzz-logs says more. 2: called wrongly.`;

/** Longer than the shortest that is allowed. */
const token = 'paceline-is-fuzzed-here';

const root = join(import.meta.dirname, '../../..');
/** The logs of a run that found something. */
const kept = join(root, '.cache/fuzz-logs');

async function fuzz(runs: number, seed: number, write: boolean): Promise<number> {
  const began = performance.now();
  const stack = await startTestStack(sandboxClock(Date.now(), 60), {
    API_TOKEN: token,
    API_RATE_LIMIT: '1000000',
    LOG_LEVEL: 'error',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stack.stop().finally(() => process.exit(130)));
  }
  try {
    const crashed = crashedSince(stack);
    // What the routes are asked for may change the schedule and so hold up the work of the subjects.
    const messages = await fuzzMessages(stack, runs, seed);
    process.stderr.write(
      `the subjects are through after ${Math.round((performance.now() - began) / 1_000)} s\n`,
    );
    const routes = await fuzzHttp(stack, runs * 3, seed, token);
    const found = {
      command: `npm run fuzz -- --runs ${runs} --seed ${seed} --write`,
      minutes: (performance.now() - began) / 60_000,
      routes,
      messages,
      crashed: crashed(),
    };
    process.stdout.write(page(found));
    if (write) await writeFile(join(root, 'docs/fuzz.md'), page(found));
    const wrong = wrongIn(found);
    for (const sentence of wrong) process.stderr.write(`${sentence}\n`);
    if (wrong.length > 0) await cp(join(stack.stateFolder, 'logs'), kept, { recursive: true });
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

function read(args: string[]): { runs: number; seed: number; write: boolean; help: boolean } | string {
  try {
    const { runs, seed, write, help } = parseArgs({
      args,
      options: {
        runs: { type: 'string', default: '100' },
        seed: { type: 'string', default: '1' },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
    if (!/^[1-9]\d{0,5}$/.test(runs)) return '--runs must be a whole number above 0';
    if (!/^\d{1,9}$/.test(seed)) return '--seed must be a whole number';
    return { runs: Number(runs), seed: Number(seed), write, help };
  } catch (error) {
    return (error as Error).message;
  }
}

const asked = read(process.argv.slice(2));
if (typeof asked === 'string') {
  process.stderr.write(`${asked}\n\n${usage}\n`);
  process.exitCode = 2;
} else if (asked.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await fuzz(asked.runs, asked.seed, asked.write);
