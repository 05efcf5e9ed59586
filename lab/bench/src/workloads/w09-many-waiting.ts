import { totalmem } from 'node:os';
import { median } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import { contenders, ours } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { assemble, type Caller, startCaller } from '../team.ts';
import { endless, inGroups, limitsFor } from './comparison.ts';

const few = 100;
const many = 100_000;
const rounds = 5;
const permits = 500;
/** As many accounts as there is memory for: each takes a few kB. */
const accounts = totalmem() > 8 * 1024 ** 3 ? 1_000_000 : 100_000;
const heapMb = 6_000;
/** Peers that keep those who wait in order, and can be filled in reasonable time. */
const queues = ['p-queue', 'bullmq', 'graphile-worker'];
const peerCalls = 300;

/** µs of one permit among few and among many; and, of us, the bytes that one who waits takes among each. */
interface Cost {
  readonly few: number;
  readonly many: number;
  readonly bytes?: { readonly few: number; readonly many: number };
}

/** Of our core among few and among `large`. @param first the round to begin with: before it is for the compiler */
async function inOurCore(
  cost: (caller: Caller, size: number) => Promise<{ perPermit: number[]; bytes: number }>,
  large: number,
  first: number,
): Promise<Cost> {
  const caller = startCaller(['--expose-gc', `--max-old-space-size=${heapMb}`]);
  const measure = async (size: number) => {
    const { perPermit, bytes } = await cost(caller, size);
    return { took: median(perPermit.slice(first)), bytes };
  };
  try {
    const [low, high] = [await measure(few), await measure(large)];
    return { few: low.took, many: high.took, bytes: { few: low.bytes, many: high.bytes } };
  } finally {
    await caller.kill();
  }
}

/** Each depth in a queue of its own; one run. */
async function inLineOf(contender: Contender): Promise<Cost> {
  await using team = await assemble(contender, { processes: 1 });
  const [caller] = team.callers;
  let lines = 0;
  const cost = async (waiting: number) => {
    lines += 1;
    const key = `w9-${lines}`;
    await caller.do('limit', limitsFor([key], 1, endless(contender)));
    return caller.do('deep', { key, waiting, calls: peerCalls });
  };
  // The first line is for the compiler.
  await cost(few);
  return { few: await cost(few), many: await cost(many) };
}

const shown = (count: number): string => count.toLocaleString('en-US');

async function run(say: (line: string) => void): Promise<Outcome> {
  const line = await inOurCore(
    (caller, waiting) => caller.do('depth', { waiting, rounds: rounds + 1, permits }),
    many,
    1,
  );
  say('the line was measured');
  const width = await inOurCore(
    (caller, of) => caller.do('breadth', { accounts: of, rounds, permits: 10_000 }),
    accounts,
    0,
  );
  say('the accounts were measured');
  const peers = (
    await inGroups(
      contenders.filter(({ name }) => queues.includes(name)),
      1,
      inLineOf,
      say,
    )
  ).map(({ contender: { name }, result: cost }) => ({ name, cost }));
  const grows = line.many / line.few;
  return {
    ...tableOf(
      [
        { name: ours, what: `core: ${few} and ${shown(many)} wait for one budget`, cost: line },
        {
          name: ours,
          what: `core: one waits in each of ${few} and ${shown(accounts)} accounts`,
          cost: width,
        },
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
      `Paceline: its core alone, in one process without a broker. One permit is four turns: somebody new asks, the first in line is offered a permit, starts it, settles it. Median of ${rounds} rounds of ${permits} permits after one to warm up; over the accounts of ${rounds} rounds of 10,000, hundreds in a turn.`,
      `Peers: whole, with what they run on; one runs after the other, and for each an urgent one comes. One run of ${peerCalls} calls after one to warm up. Compare how the cost grows, not the µs.`,
      'bottleneck takes about a millisecond to queue each, pg-boss fetches on a schedule, the others keep nobody in order: not measured.',
    ],
    summary: {
      measure: `cost among ${shown(many)} : among ${few}`,
      ours: times(grows),
      against: Object.fromEntries(peers.map(({ name, cost }) => [name, times(cost.many / cost.few / grows)])),
      met: grows <= 2,
      because: `${digits(line.many)} µs a permit; over ${shown(accounts)} accounts ${times(width.many / width.few)} that over ${few}, which is the processor's caches and the garbage collector: the work is the same`,
    },
  };
}

export const manyWaiting: Workload = {
  id: 'W9',
  title: '100 000 wait',
  goal: 'decides in at most twice the time that it takes among 100',
  run,
};
