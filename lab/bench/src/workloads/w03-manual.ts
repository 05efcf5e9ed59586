import { median } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { limiting } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { against, limitsFor, policy, sideBySide, who } from './comparison.ts';

const { limit, windowMs } = policy;
const bulk = 30;
const runs = 5;
const warm = 'w3-warm';
/** When the urgent one comes, and when nobody waits any more, in windows. */
const comes = 0.5;
const longest = 10;

/** Windows from when the urgent one asks to when it arrives, for each run. */
async function waitsOf(contender: Contender): Promise<number[]> {
  await using team = await assemble(contender, { processes: 2 });
  const keys = Array.from({ length: runs }, (_, run) => `w3-${run}`);
  await team.limit(limitsFor([...keys, warm], limit));
  const [busy, manual = busy] = team.callers;
  // A process that has never called is slow at its first call.
  for (const caller of team.callers) await caller.do('ask', { key: warm });
  await until(monotonic() + 2 * windowMs);
  const start = monotonic() + 100;
  const at = start + comes * windowMs;
  await Promise.all(
    keys.flatMap((key) => [
      busy.do('ask', { key, urgency: 'bulk', count: bulk, at: start }),
      manual.do('ask', { key, at }),
    ]),
  );
  await until(start + longest * windowMs);
  const passages = await team.collect();
  return keys.map((key) => {
    const passage = passages.find(({ job }) => job.key === key && job.urgency === 'urgent');
    return passage ? (passage.arrivedAt - passage.job.askedAt) / windowMs : longest;
  });
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const results = await sideBySide(limiting, waitsOf, say);
  const measured = results.map(({ contender, result }) => ({
    contender,
    usual: median(result),
    most: Math.max(...result),
  }));
  const [ours, ...peers] = measured;
  if (!ours) throw new Error('nothing was measured of Paceline');
  return {
    ...tableOf(measured, {
      ...who,
      'waits (windows)': [({ usual }) => usual, digits],
      'at most': [({ most }) => most, digits],
      'times ours': [({ usual }) => usual / ours.usual, times],
    }),
    notes: [
      `${bulk} bulk asks of one process at a limit of ${limit} per ${windowMs} ms; half a window later one urgent ask, of another process where the limit is shared. Windows until it arrives: median and longest of ${runs} runs side by side. ${longest} means: not in ${longest} windows.`,
      'Ours is let through at once by the place that a window keeps for those who cannot wait; with a limit of one call it is the next free window.',
    ],
    summary: {
      measure: 'wait of the urgent one',
      ours: `${digits(ours.usual)} W`,
      against: against(peers, ({ usual }) => times(usual / ours.usual)),
      met: ours.most <= 1,
      because: 'a place of the window is kept for those who cannot wait',
    },
  };
}

export const manual: Workload = {
  id: 'W3',
  title: '30 bulk wait, one urgent comes',
  goal: 'in the next free window, or at once',
  run,
};
