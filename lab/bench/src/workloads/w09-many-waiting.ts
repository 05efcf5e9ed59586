import { totalmem } from 'node:os';
import { median } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import { contenders, ours } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble, type CallerProcess, startCaller } from '../team.ts';
import { endless, inGroups, limitsFor } from './comparison.ts';

const few = 100;
const many = 100_000;
const rounds = 5;
const permits = 500;
/** Calls per window, beside one. */
const limits = [100, 10_000];
/** Limited by memory, at a few kB per account. */
const accounts = totalmem() > 8 * 1024 ** 3 ? 1_000_000 : 100_000;
const heapMb = 6_000;
/** Peers with an ordered queue that can be filled in reasonable time. */
const queues = ['p-queue', 'bullmq', 'graphile-worker'];
const peerCalls = 300;

/** µs per permit with few and many waiting; for ours also bytes per waiting request. */
interface Cost {
  readonly few: number;
  readonly many: number;
  readonly bytes?: { readonly few: number; readonly many: number };
}

/** Measures our core. @param first first round that counts; earlier ones are warm-up */
async function inOurCore(
  cost: (caller: CallerProcess, size: number) => Promise<{ perPermit: number[]; bytes: number }>,
  large: number,
  first: number,
  small = few,
): Promise<Cost> {
  const caller = startCaller(['--expose-gc', `--max-old-space-size=${heapMb}`]);
  const measure = async (size: number) => {
    const { perPermit, bytes } = await cost(caller, size);
    return { took: median(perPermit.slice(first)), bytes };
  };
  try {
    const [low, high] = [await measure(small), await measure(large)];
    return { few: low.took, many: high.took, bytes: { few: low.bytes, many: high.bytes } };
  } finally {
    await caller.kill();
  }
}

/** Measures a peer, with a separate queue for each depth; one run. */
async function queueCostOf(contender: Contender): Promise<Cost> {
  await using team = await assemble(contender, { processes: 1 });
  const [caller] = team.callers;
  let queueCount = 0;
  const cost = async (waiting: number) => {
    queueCount += 1;
    const key = `w9-${queueCount}`;
    await caller.do('limit', limitsFor([key], 1, endless(contender)));
    return caller.do('deep', { key, waiting, calls: peerCalls });
  };
  // Warm-up for the compiler.
  await cost(few);
  return { few: await cost(few), many: await cost(many) };
}

const shown = (count: number): string => count.toLocaleString('en-US');

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const queue = await inOurCore(
    (caller, waiting) => caller.do('depth', { waiting, rounds: rounds + 1, permits }),
    many,
    1,
  );
  report('queue measured');
  const width = await inOurCore(
    (caller, of) => caller.do('breadth', { accounts: of, rounds, permits: 10_000 }),
    accounts,
    0,
  );
  report('accounts measured');
  const windows: Array<{ limit: number; cost: Cost }> = [];
  for (const limit of limits) {
    const measured = (caller: CallerProcess, calls: number) =>
      caller.do('fullWindow', { limit: calls, rounds: rounds + 1, permits });
    windows.push({ limit, cost: await inOurCore(measured, limit, 1, 1) });
  }
  report('windows measured');
  const peers = (
    await inGroups(
      contenders.filter(({ name }) => queues.includes(name)),
      1,
      queueCostOf,
      report,
    )
  ).map(({ contender: { name }, result: cost }) => ({ name, cost }));
  const grows = queue.many / queue.few;
  const windowGrows = Math.max(...windows.map(({ cost }) => cost.many / cost.few));
  return {
    ...tableOf(
      [
        { name: ours, what: `core: ${few} and ${shown(many)} wait for one budget`, cost: queue },
        {
          name: ours,
          what: `core: one waits in each of ${few} and ${shown(accounts)} accounts`,
          cost: width,
        },
        ...windows.map(({ limit, cost }) => ({
          name: ours,
          what: `core: a full window of 1 and of ${shown(limit)} calls`,
          cost,
        })),
        ...peers.map((peer) => ({ ...peer, what: `queue: ${few} and ${shown(many)} wait` })),
      ],
      {
        contender: [({ name }) => name],
        what: [({ what }) => what],
        'few: µs a call': [({ cost }) => cost.few, digits],
        'many: µs a call': [({ cost }) => cost.many, digits],
        'many : few': [({ cost }) => cost.many / cost.few, times],
        'few: bytes of one': [({ cost }) => cost.bytes?.few ?? '', digits],
        'many: bytes of one': [({ cost }) => cost.bytes?.many ?? '', digits],
      },
    ),
    notes: [
      `Paceline: its core alone, in one process without a broker. One permit is four turns: a new request arrives, the first in the queue is offered a permit, starts it, settles it. Median of ${rounds} rounds of ${permits} permits after one to warm up; over the accounts of ${rounds} rounds of 10,000, hundreds per turn.`,
      `Peers: complete, with their server; one job runs after the other, and for each an urgent one arrives. One run of ${peerCalls} calls after one to warm up. Compare how the cost grows, not the µs.`,
      'bottleneck takes about a millisecond to queue each, pg-boss fetches on a schedule, the others keep no order: not measured.',
    ],
    summary: {
      measure: `cost among ${shown(many)} : among ${few}`,
      ours: times(grows),
      against: Object.fromEntries(peers.map(({ name, cost }) => [name, times(cost.many / cost.few / grows)])),
      met: grows <= 2 && windowGrows <= 2,
      remark: `${digits(queue.many)} µs per permit; over ${shown(accounts)} accounts ${times(width.many / width.few)} that over ${few}, because of processor caches and the garbage collector: the work is the same; in a window of ${shown(limits.at(-1) ?? 0)} calls at most ${times(windowGrows)} that in a window of one`,
    },
  };
}

export const manyWaiting: Workload = {
  id: 'W9',
  title: '100 000 waiting requests',
  goal: 'decides in at most twice the time that it takes among 100',
  run,
};
