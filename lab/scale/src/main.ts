import { loadavg } from 'node:os';
import { numberOf, runCommand, terminal } from '@paceline/kit/arguments';
import { onStack, raiseLimits } from '@paceline/kit/load';
import type { TestStack } from '@paceline/kit/stack';
import { realTime } from '@paceline/shared/clock';
import { burst } from './burst.ts';
import { fill } from './content.ts';
import { burstLines, rowOf, writePage } from './page.ts';
import { measureReads, slowPlans } from './reads.ts';
import { commandsToDone, workloads } from './workloads.ts';

const usage = `npm run lab -- scale [--burst | --reads [--plans]] [--seconds N]

Measures how throughput changes with more processes and a cluster on this machine, and writes docs/scale.md. Linux only.

  --burst      only measure how long 100 adds at once take until their 202
  --reads      only measure every GET of the API at 50 requests a second, on the data of a year
  --plans      also print the plans of statements that take longer than 5 ms
  --seconds N  duration per figure (default 5)

Exit codes: 0 measured, 2 wrong usage.`;

const options = {
  seconds: { type: 'string', default: '5' },
  burst: { type: 'boolean', default: false },
  reads: { type: 'boolean', default: false },
  plans: { type: 'boolean', default: false },
} as const;

const systemOf = (brokers: number, replicas: number) => ({
  PACELINE_BROKERS: String(brokers),
  PACELINE_REPLICAS: `limiter=${replicas},api=${replicas},rider-sync=${replicas}`,
});

/** @param lasts real ms per figure */
const measureAll = (brokers: number, replicas: number, lasts: number) =>
  onStack(systemOf(brokers, replicas), async (stack) => {
    const rows: Array<readonly string[]> = [];
    await raiseLimits(stack);
    // Warm-up.
    await commandsToDone(stack, lasts / 2);
    for (const [name, workload] of Object.entries(workloads)) {
      const row = rowOf([String(brokers), String(replicas), name], await workload(stack, lasts));
      terminal.out(row.join(' | '));
      rows.push(row);
    }
    return rows;
  });

const key = 'sandbox-key';

async function reads(stack: TestStack, lasts: number, withPlans: boolean): Promise<void> {
  await fill(stack.databaseUrl, key, (line) => terminal.error(line));
  const measured = async () => terminal.out(await measureReads(stack, lasts));
  if (withPlans) terminal.out(await slowPlans(stack, measured));
  else await measured();
}

process.exitCode = await runCommand({ usage, options }, process.argv.slice(2), terminal, async (given) => {
  const seconds = numberOf('--seconds', given.seconds, 0.1, 3_600);
  if (given.reads) {
    const work = (stack: TestStack) => reads(stack, seconds * 1_000, given.plans);
    await onStack({ ZWIFTRACING_API_KEY: key }, work, { clock: realTime });
    return 0;
  }
  const [load = 0] = loadavg();
  const burstResult = burstLines(await onStack(systemOf(1, 1), burst));
  terminal.out(burstResult.join('\n'));
  if (given.burst) return 0;
  const rows: Array<readonly string[]> = [];
  for (const brokers of [1, 3]) {
    for (const replicas of [1, 2, 3]) rows.push(...(await measureAll(brokers, replicas, seconds * 1_000)));
  }
  await writePage(rows, burstResult, `npm run lab -- scale --seconds ${seconds}`, load);
  terminal.error('wrote docs/scale.md');
  return 0;
});
