import { setTimeout as sleep } from 'node:timers/promises';
import { auditedBy, runAuditor } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Judgement } from '@paceline/sandbox';
import { createClock } from '@paceline/shared/clock';
import { missingProgram } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startCurlLoop, startPython } from './testing/programs.ts';

const minute = 60_000;
const tokens = {
  API_TOKEN: 'operator-token-of-this-test',
  loop: 'token-of-the-curl-loops',
  script: 'token-of-the-scripts',
};
/** From 18:20 on, in project time: until near and far slots have opened. */
const runsFor = 20 * minute;

let stack: TestStack;
const loops: Program[] = [];
const scripts: Program[] = [];

beforeAll(async () => {
  stack = await startTestStack(oneEvening(20), {
    API_TOKEN: tokens.API_TOKEN,
    API_UPSTREAMS: 'zwiftracing',
    API_PROGRAM_TOKENS: `curl-loop=${tokens.loop},python=${tokens.script}`,
    PACELINE_REPLICAS: 'rider-sync=3,event-sync=3',
  });
});
afterAll(async () => {
  await killPrograms();
  await stack?.stop();
});

const killPrograms = () => Promise.all([...loops, ...scripts].map((program) => program.kill()));

/** Adds riders, a person's request each, until the signal. */
async function addRiders(signal: AbortSignal): Promise<void> {
  for (let rider = 4_700_000; !signal.aborted; rider += 1) {
    await stack.post('/v1/riders', JSON.stringify({ riderId: rider }));
    await sleep(4_000);
  }
}

async function killService(name: string): Promise<void> {
  const service = stack.processes.get(name);
  const pid = service?.pid();
  if (!service || pid === undefined) throw new Error(`${name} is not running`);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => {
    expect(service.pid()).not.toBe(pid);
    expect((await fetch(service.readyUrl)).status).toBe(200);
  });
}

/** How many estimates of a budget were kept, by the auditor. */
async function estimatesOf(name: string): Promise<{ kept: number; missed: number }> {
  const { out } = await runAuditor(stack.broker.urlFor('limiter'), [
    '--json',
    '--sandbox',
    stack.sandboxUrl ?? '',
  ]);
  const { partitions } = JSON.parse(out) as {
    partitions: Array<{ accounts: Array<{ budgets: Array<{ endpoint: string; estimates: never }> }> }>;
  };
  const budgets = partitions.flatMap(({ accounts }) => accounts.flatMap((account) => account.budgets));
  const budget = budgets.find(({ endpoint }) => endpoint === name);
  if (!budget) throw new Error(`No calls of ${name} were audited`);
  return budget.estimates;
}

const missing = missingProgram('curl', 'python3');
if (missing !== undefined) console.warn(`DOOR NOT TESTED WITH PROGRAMS: ${missing} is not available`);

describe.skipIf(missing !== undefined)('curl loops, Python scripts and the syncs, three of each', () => {
  it('share one key through the door without a rejected call, although one of each is killed', async () => {
    const door = `${stack.apiUrl}/upstream/zwiftracing/public/riders`;
    const first = { door, token: tokens.loop, ids: [4_500_001, 4_500_002, 4_500_003] };
    const second = { door, token: tokens.script, ids: [4_500_004, 4_500_005, 4_500_006] };
    for (let index = 0; index < 3; index += 1) {
      loops.push(startCurlLoop(first));
      scripts.push(startPython(second));
    }
    const over = new AbortController();
    const adding = addRiders(over.signal);
    const clock = createClock(stack.clock);
    await clock.sleep(runsFor / 2);
    await Promise.all([
      loops[0]?.kill(),
      scripts[0]?.kill(),
      killService('rider-sync'),
      killService('event-sync-2'),
    ]);
    await clock.sleep(runsFor / 2);
    over.abort();
    await adding;
    await killPrograms();

    const { judgements } = await stack.control<{ judgements: readonly Judgement[] }>('/control/judgement');
    for (const { budget, policy, rejected, fullestWindow } of judgements) {
      expect(rejected, budget).toBe(0);
      expect(fullestWindow, budget).toBeLessThanOrEqual(policy.limit);
    }
    const url = stack.broker.urlFor('limiter');
    const { certified, report } = await auditedBy(url, stack.sandboxUrl ?? '');
    process.stderr.write(`${report}\n`);
    expect(certified, report).toBe(true);

    for (const group of [loops, scripts]) {
      const statuses = Object.groupBy(
        group.flatMap((program) => program.statuses),
        (status) => status,
      );
      // 503: no permit was possible in time.
      expect(Object.keys(statuses).filter((status) => !['200', '503'].includes(status))).toEqual([]);
      expect(statuses['200']?.length ?? 0).toBeGreaterThan(5);
    }
    const { kept, missed } = await estimatesOf('riders_single');
    expect(kept / (kept + missed)).toBeGreaterThanOrEqual(0.95);
    const { items } = await stack.get<{ items: ReadonlyArray<{ program: string | null }> }>(
      '/v1/permits?limit=500',
    );
    expect(new Set(items.map(({ program }) => program))).toEqual(new Set(['curl-loop', 'python', null]));
  });
});
