import { times } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { limitingAnyhow } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { verdictOf } from '../upstream.ts';
import { sideBySide, who } from './comparison.ts';

const policy = { limit: 5, windowMs: 1_000 };
const processes = 3;
const runs = 10;
/** Timers and clocks are read in whole ms: what comes a little early for that is forgiven. */
const forgivenMs = 2;

/** One call at the start, nothing until 0.9 W, then 3 N at once. Returns the peak of each run. */
async function peaksOf(contender: Contender): Promise<number[]> {
  await using team = await assemble(contender, { processes });
  const keys = Array.from({ length: runs }, (_, run) => `w2-${run}`);
  const limits = keys.map((key) => ({
    key,
    calls: policy.limit,
    windowMs: policy.windowMs,
    concurrency: 3 * policy.limit,
  }));
  await team.limit(limits);
  const start = monotonic() + 100;
  await Promise.all(
    keys.flatMap((key, run) => {
      const first = start + (run / runs) * policy.windowMs;
      const burst = { count: (3 * policy.limit) / team.callers.length, at: first + 0.9 * policy.windowMs };
      return [
        team.callers[0].do('ask', { key, urgency: 'urgent', count: 1, at: first }),
        ...team.callers.map((caller) => caller.do('ask', { key, urgency: 'urgent', ...burst })),
      ];
    }),
  );
  await until(start + 6 * policy.windowMs);
  const passages = await team.collect();
  const forgiving = { ...policy, windowMs: policy.windowMs - forgivenMs };
  return keys.map((key) => {
    const arrivals = passages.filter(({ job }) => job.key === key).map(({ arrivedAt }) => arrivedAt);
    return verdictOf(arrivals, forgiving).fullestWindow;
  });
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const results = await sideBySide(limitingAnyhow, peaksOf, say);
  const peaks = results.map(({ contender, result }) => ({ contender, peak: Math.max(...result) }));
  const peak = peaks[0]?.peak ?? Number.NaN;
  return {
    ...tableOf(peaks, {
      ...who,
      [`peak in any window (limit ${policy.limit})`]: [(each) => each.peak],
      'times the limit': [(each) => each.peak / policy.limit, times],
    }),
    notes: [
      `One call at the start, nothing until 0.9 W, then 3 N = ${3 * policy.limit} asks at once, of ${processes} processes where the limit is shared. No jitter. The most arrivals in any ${policy.windowMs - forgivenMs} ms; the highest of ${runs} runs side by side, each a tenth of W later after the limits were made.`,
    ],
    summary: {
      measure: 'peak in any W',
      ours: String(peak),
      // In the order of the list, the way that serves the most processes comes first.
      against: Object.fromEntries(
        peaks
          .slice(1)
          .toReversed()
          .map((each) => [each.contender.name, times(each.peak / peak)]),
      ),
      met: peak <= policy.limit,
      because: `the limit is ${policy.limit}`,
    },
  };
}

export const burst: Workload = { id: 'W2', title: 'Idle, then a burst', goal: 'peak in any W ≤ N', run };
