import { median } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { limiting } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { against, limitsFor, policy, sideBySide, contenderColumns } from './comparison.ts';

const { limit, windowMs } = policy;
const bulk = 30;
const runs = 5;
const warm = 'w3-warm';
/** Arrival of the urgent request and end of the run, in windows. */
const urgentAt = 0.5;
const runLength = 10;

/** Windows from the urgent request to its call's arrival, per run. */
async function waitsOf(contender: Contender): Promise<number[]> {
  await using team = await assemble(contender, { processes: 2 });
  const keys = Array.from({ length: runs }, (_, run) => `w3-${run}`);
  await team.limit(limitsFor([...keys, warm], limit));
  const [busy, manual = busy] = team.callers;
  // Warm-up: a process's first call is slow.
  for (const caller of team.callers) await caller.do('request', { key: warm });
  await until(monotonic() + 2 * windowMs);
  const start = monotonic() + 100;
  const at = start + urgentAt * windowMs;
  await Promise.all(
    keys.flatMap((key) => [
      busy.do('request', { key, urgency: 'bulk', count: bulk, at: start }),
      manual.do('request', { key, at }),
    ]),
  );
  await until(start + runLength * windowMs);
  const calls = await team.collect();
  return keys.map((key) => {
    const call = calls.find(({ job }) => job.key === key && job.urgency === 'urgent');
    return call ? (call.arrivedAt - call.job.submittedAt) / windowMs : runLength;
  });
}

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const results = await sideBySide(limiting, waitsOf, report);
  const measured = results.map(({ contender, result }) => ({
    contender,
    usual: median(result),
    most: Math.max(...result),
  }));
  const [ours, ...peers] = measured;
  if (!ours) throw new Error('nothing was measured of Paceline');
  return {
    ...tableOf(measured, {
      ...contenderColumns,
      'waits (windows)': [({ usual }) => usual, digits],
      'at most': [({ most }) => most, digits],
      'times ours': [({ usual }) => usual / ours.usual, times],
    }),
    notes: [
      `${bulk} bulk requests from one process at a limit of ${limit} per ${windowMs} ms; half a window later one urgent request, from another process where the limit is shared. Windows until it arrives: median and longest of ${runs} runs side by side. ${runLength} means: not in ${runLength} windows.`,
      'Ours is granted at once from the place that a window reserves for forced requests; with a limit of one call it waits for the next free window.',
    ],
    summary: {
      measure: 'wait of the urgent one',
      ours: `${digits(ours.usual)} W`,
      against: against(peers, ({ usual }) => times(usual / ours.usual)),
      met: ours.most <= 1,
      remark: 'a window reserves a place for forced requests',
    },
  };
}

export const manual: Workload = {
  id: 'W3',
  title: 'One urgent request behind 30 bulk requests',
  goal: 'in the next free window, or at once',
  run,
};
