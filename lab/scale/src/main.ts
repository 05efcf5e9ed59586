import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { sandboxClock } from '@paceline/launcher';
import { startTestStack, type TestStack } from '@paceline/kit/stack';
import { burst } from './burst.ts';
import { burstLines, rowOf, writePage } from './page.ts';
import { commandsToDone, workloads } from './workloads.ts';

// `npm run scale`: what more processes and a cluster bring on this machine, and what is the bound. Linux only.
// `npm run scale -- --burst`: only how long 100 adds at once take until their 202.

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, burst: { type: 'boolean', default: false } },
});
/** Real ms for each figure. */
const lasts = Number(values.seconds) * 1_000;
if (!(lasts > 0)) {
  console.error('npm run scale -- [--burst] [--seconds SECONDS]   (for each figure)');
  process.exit(2);
}

const [load = 0] = loadavg();
const hundredAtOnce = burstLines(await onStack(1, 1, burst));
console.log(hundredAtOnce.join('\n'));
if (!values.burst) {
  const rows: Array<readonly string[]> = [];
  for (const brokers of [1, 3]) {
    for (const replicas of [1, 2, 3]) {
      await onStack(brokers, replicas, async (stack) => {
        await allowPlenty(stack);
        // Code is slow when it runs for the first time.
        await commandsToDone(stack, lasts / 2);
        for (const [what, workload] of Object.entries(workloads)) {
          const row = rowOf([String(brokers), String(replicas), what], await workload(stack, lasts));
          console.log(row.join(' | '));
          rows.push(row);
        }
      });
    }
  }
  await writePage(rows, hundredAtOnce, `npm run scale -- --seconds ${lasts / 1_000}`, load);
  console.error('Written to docs/scale.md.');
}

async function onStack<T>(
  brokers: number,
  replicas: number,
  work: (stack: TestStack) => Promise<T>,
): Promise<T> {
  const stack = await startTestStack(sandboxClock(Date.now(), 60), {
    PACELINE_BROKERS: String(brokers),
    PACELINE_REPLICAS: `limiter=${replicas},api=${replicas},rider-sync=${replicas}`,
    // What is measured is asked for here.
    SYNC_RIDER: 'off',
    SYNC_NEAR: 'off',
    SYNC_FAR: 'off',
    LOG_LEVEL: 'error',
  });
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

/** A thousand calls in a sixtieth of a real second, so that upstream's limits are not the bound. */
async function allowPlenty(stack: TestStack): Promise<void> {
  const budgets = ['riders_single', 'riders_bulk'];
  const policies = Object.fromEntries(budgets.map((each) => [each, { limit: 1_000, windowMs: 1_000 }]));
  await send('POST', `${stack.sandboxUrl}/control/policies`, policies);
  for (const budget of budgets) {
    await send('PUT', `${stack.apiUrl}/v1/budgets/${budget}/policy`, { limit: 1_000, windowSeconds: 1 });
  }
}

async function send(method: string, url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
}
