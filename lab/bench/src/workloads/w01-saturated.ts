import { mean, median } from '@paceline/kit/statistics';
import { digits, percent, times } from '@paceline/kit/table';
import { monotonic } from '@paceline/kit/waiting';
import type { Passage } from '../caller.ts';
import { limiting } from '../contenders/all.ts';
import type { Contender, Limit, Margin } from '../contenders/contender.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { type Network, utilisation, verdictOf, type Way } from '../upstream.ts';
import { against, inGroups, policy, who } from './comparison.ts';

/** What a margin came to. */
interface Tried {
  /** The share that the strictest way of counting rejects. */
  readonly worst: number;
  readonly utilisation: number;
}

/** The one that uses most of the limit without a rejection; without such a one, that with the fewest. */
export const bestMargin = <T extends Tried>(tried: readonly T[]): T | undefined =>
  tried.toSorted((a, b) => a.worst - b.worst || b.utilisation - a.utilisation)[0];

const network: Network = { jitterMs: 60, outliers: 0.01 };
const processes = 3;
const inFlight = 12;
const runs = 10;
const windows = 10;
const ways: readonly Way[] = ['sliding', 'sliding-counting-rejects', 'clock-aligned', 'first-hit', 'gcra'];
/** The limiter's ε of a second, as long as it takes when a minute takes W. */
const epsilonMs = policy.windowMs / 60;

const asDocumented: Margin = { name: 'none', apply: (limit) => limit };

const keyOf = (margin: number, run: number): string => `w1-${margin}-${run}`;

/** Saturates a contender's limits of every margin, ten of each, all at once. */
async function saturate(contender: Contender) {
  await using team = await assemble(contender, { processes });
  const margins = [asDocumented, ...contender.margins];
  const limits = margins.flatMap((margin, index) =>
    Array.from({ length: runs }, (_, run): Limit =>
      margin.apply({
        key: keyOf(index, run),
        calls: policy.limit,
        windowMs: policy.windowMs,
        concurrency: inFlight,
      }),
    ),
  );
  for (const caller of team.callers) await caller.do('between', network);
  await team.limit(limits);
  const end = monotonic() + windows * policy.windowMs;
  const load = { keys: limits.map(({ key }) => key), inFlight: inFlight / team.callers.length, end };
  await Promise.all(team.callers.map((caller) => caller.do('saturate', load)));
  const passages = await team.collect();
  const byKey = Map.groupBy(passages, ({ job }) => job.key);
  return margins.map((margin, index) => {
    const each = Array.from({ length: runs }, (_, run) => byKey.get(keyOf(index, run)) ?? []);
    return { contender, margin: margin.name, ...judged(each) };
  });
}

function judged(each: readonly Passage[][]) {
  const arrivals = each.map((run) => run.map(({ arrivedAt }) => arrivedAt));
  const verdicts = arrivals.map((run) => verdictOf(run, policy));
  const calls = verdicts.reduce((sum, verdict) => sum + verdict.calls, 0);
  const share = (way: Way) => verdicts.reduce((sum, { rejected }) => sum + rejected[way], 0) / calls;
  return {
    calls,
    worst: Math.max(...ways.map(share)),
    /** The share that each way of counting rejects. */
    rejected: Object.fromEntries(ways.map((way) => [way, share(way)])) as Record<Way, number>,
    // A sliding upstream would have let this share of them through.
    utilisation: median(arrivals.map((run) => utilisation(run, policy))) * (1 - share('sliding')),
    /** Mean ms from sending to the answer. */
    roundTripMs: mean(each.flat().map(({ sentAt, arrivedAt }) => arrivedAt - sentAt)),
  };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const [us, ...peers] = limiting;
  if (!us) throw new Error('there is nobody to measure');
  const results = [...(await inGroups([us], 1, saturate, say)), ...(await inGroups(peers, 2, saturate, say))];
  const shown = results
    .flatMap(({ result: [documented, ...tried] }) => [documented, bestMargin(tried)])
    .filter((each) => each !== undefined);
  const [ours, ...others] = shown;
  if (!ours) throw new Error('nothing was measured of Paceline');
  const bound = policy.windowMs / (policy.windowMs + epsilonMs + ours.roundTripMs);
  const cycle = policy.windowMs / ours.utilisation;
  const own = cycle - policy.windowMs - epsilonMs - ours.roundTripMs;
  const reached = ours.utilisation / (policy.windowMs / (policy.windowMs + ours.roundTripMs));
  return {
    ...tableOf(shown, {
      ...who,
      margin: [({ margin }) => margin],
      sliding: [({ rejected }) => rejected.sliding, percent],
      'sliding, counts rejects': [({ rejected }) => rejected['sliding-counting-rejects'], percent],
      'clock-aligned': [({ rejected }) => rejected['clock-aligned'], percent],
      'first hit': [({ rejected }) => rejected['first-hit'], percent],
      GCRA: [({ rejected }) => rejected.gcra, percent],
      utilisation: [(each) => each.utilisation, percent],
      calls: [({ calls }) => calls],
    }),
    notes: [
      `Limit ${policy.limit} per ${policy.windowMs} ms, ${processes} calling processes (one where the limit is one process's), ${inFlight} asks in flight; each call arrives U(0, ${network.jitterMs}) ms after it was sent, ${percent(network.outliers)} of them ${10 * network.jitterMs} ms. Rejected: the share of all arrivals of ${runs} runs of ${windows} windows side by side; utilisation: their median, without what a sliding upstream rejects.`,
      `Margins that were tried: a window longer by 6, 12, 25, 65 or 100 %, or fewer calls where only whole seconds can be set. Shown is the smallest one without a rejection, else the one with the fewest.`,
      `Our bound is W/(W + ε + RTT) = ${percent(bound)}: RTT is the mean from sending to the answer (${digits(ours.roundTripMs)} ms), ε the second that upstream rounds by on the faster clock (${digits(epsilonMs)} ms). What the limiter itself takes counts against us.`,
    ],
    summary: {
      measure: 'rejected; utilisation',
      ours: `${percent(ours.worst)}; ${percent(ours.utilisation)}`,
      against: against(others, ({ utilisation: its, worst }) => {
        const draws = worst > 0 ? `, and it draws ${percent(worst)}` : '';
        return times(ours.utilisation / its) + draws;
      }),
      met: ours.worst === 0 && reached >= 0.995,
      because: `${percent(reached)} of W/(W + RTT). Of a cycle ε takes ${digits(epsilonMs)} ms, as of any window: it is kept for upstreams that count in whole seconds. The limiter itself takes ${digits(own)} ms, however long the window. Beside peers with their best margin.`,
    },
  };
}

export const saturated: Workload = {
  id: 'W1',
  title: 'Saturated, with jitter',
  goal: '0 rejected, utilisation ≥ 99.5 % of W/(W + RTT)',
  run,
};
