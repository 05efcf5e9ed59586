import { times } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { allLimiting } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { verdictOf } from '../upstream.ts';
import { against, arrivalsOf, limitsFor, policy, sideBySide, contenderColumns } from './comparison.ts';

const processes = 3;
const runs = 10;
/** Tolerance, because timers and clocks are read in whole ms. */
const toleranceMs = 2;

/** One call at the start, nothing until 0.9 W, then 3 N at once. @returns the peak per run */
async function peaksOf(contender: Contender): Promise<number[]> {
  await using team = await assemble(contender, { processes });
  const keys = Array.from({ length: runs }, (_, run) => `w2-${run}`);
  await team.limit(limitsFor(keys, 3 * policy.limit));
  const start = monotonic() + 100;
  await Promise.all(
    keys.flatMap((key, run) => {
      const first = start + (run / runs) * policy.windowMs;
      const burst = { count: (3 * policy.limit) / team.callers.length, at: first + 0.9 * policy.windowMs };
      return [
        team.callers[0].do('request', { key, at: first }),
        ...team.callers.map((caller) => caller.do('request', { key, ...burst })),
      ];
    }),
  );
  await until(start + 6 * policy.windowMs);
  const calls = await team.collect();
  const tolerant = { ...policy, windowMs: policy.windowMs - toleranceMs };
  return keys.map((key) => verdictOf(arrivalsOf(calls, key), tolerant).fullestWindow);
}

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const results = await sideBySide(allLimiting, peaksOf, report);
  const peaks = results.map(({ contender, result }) => ({ contender, peak: Math.max(...result) }));
  const peak = peaks[0]?.peak ?? Number.NaN;
  return {
    ...tableOf(peaks, {
      ...contenderColumns,
      [`peak in any window (limit ${policy.limit})`]: [(each) => each.peak],
      'times the limit': [(each) => each.peak / policy.limit, times],
    }),
    notes: [
      `One call at the start, nothing until 0.9 W, then 3 N = ${3 * policy.limit} requests at once, from ${processes} processes where the limit is shared. No jitter. The most arrivals in any ${policy.windowMs - toleranceMs} ms; the highest of ${runs} runs side by side, each starting a tenth of W later after the limits were created.`,
    ],
    summary: {
      measure: 'peak in any W',
      ours: String(peak),
      // Reversed, so that of two variants the one that serves more processes wins.
      against: against(peaks.slice(1).toReversed(), (each) => times(each.peak / peak)),
      met: peak <= policy.limit,
      remark: `the limit is ${policy.limit}`,
    },
  };
}

export const burst: Workload = { id: 'W2', title: 'Idle, then a burst', goal: 'peak in any W ≤ N', run };
