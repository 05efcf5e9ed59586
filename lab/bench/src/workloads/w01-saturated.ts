import { mean, median } from '@paceline/kit/statistics';
import { digits, percent, times } from '@paceline/kit/table';
import { monotonic } from '@paceline/kit/waiting';
import type { CallRecord } from '../caller.ts';
import { limiting } from '../contenders/all.ts';
import type { Policy } from '@paceline/shared/contracts';
import type { Contender, ContenderLimit, Margin } from '../contenders/contender.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble } from '../team.ts';
import { type CallLatency, utilisation, verdictOf, type Way } from '../upstream.ts';
import { against, inGroups, policy, contenderColumns } from './comparison.ts';

interface MarginResult {
  /** The share that the strictest way of counting rejects. */
  readonly worst: number;
  readonly utilisation: number;
}

/** The highest utilisation without rejections; if all have some, the fewest rejections. */
export const bestMargin = <T extends MarginResult>(tried: readonly T[]): T | undefined =>
  tried.toSorted((a, b) => a.worst - b.worst || b.utilisation - a.utilisation)[0];

const network: CallLatency = { jitterMs: 60, outliers: 0.01 };
const processes = 3;
const inFlight = 12;
const runs = 10;
const windows = 10;
const ways: readonly Way[] = ['sliding', 'sliding-counting-rejects', 'clock-aligned', 'first-hit', 'gcra'];
/** The limiter's ε of one second, on a clock where a minute takes W. */
const epsilonMs = policy.windowMs / 60;
/** An hourly limit on that clock. */
const hourly: Policy = { limit: 1, windowMs: 60 * policy.windowMs };
const hourlyWindows = 2;

const asDocumented: Margin = { name: 'none', apply: (limit) => limit };

const keyOf = (margin: number, run: number): string => `w1-${margin}-${run}`;

/** Saturates ten limits per margin of a contender, all at once. */
async function saturate(contender: Contender) {
  await using team = await assemble(contender, { processes });
  const margins = [asDocumented, ...contender.margins];
  const limits = margins.flatMap((margin, index) =>
    Array.from({ length: runs }, (_, run): ContenderLimit =>
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
  const calls = await team.collect();
  const byKey = Map.groupBy(calls, ({ job }) => job.key);
  return margins.map((margin, index) => {
    const each = Array.from({ length: runs }, (_, run) => byKey.get(keyOf(index, run)) ?? []);
    return { contender, margin: margin.name, ...resultOf(each, policy) };
  });
}

/** Saturates ten hourly limits at once; of ours only, as it takes minutes. */
async function saturateHourly(contender: Contender) {
  await using team = await assemble(contender, { processes });
  for (const caller of team.callers) await caller.do('between', network);
  const keys = Array.from({ length: runs }, (_, run) => `w1-hourly-${run}`);
  const { limit: calls, windowMs } = hourly;
  await team.limit(keys.map((key) => ({ key, calls, windowMs, concurrency: processes })));
  const end = monotonic() + (hourlyWindows + 0.1) * windowMs;
  await Promise.all(team.callers.map((caller) => caller.do('saturate', { keys, inFlight: 1, end })));
  const byKey = Map.groupBy(await team.collect(), ({ job }) => job.key);
  return {
    contender,
    margin: asDocumented.name,
    ...resultOf(
      keys.map((key) => byKey.get(key) ?? []),
      hourly,
    ),
  };
}

/** The share of W/(W + RTT) that is used. */
const reachedBy = ({ utilisation: used, windowMs, roundTripMs }: ReturnType<typeof resultOf>): number =>
  used * (1 + roundTripMs / windowMs);

function resultOf(each: readonly CallRecord[][], judged: Policy) {
  const arrivals = each.map((run) => run.map(({ arrivedAt }) => arrivedAt));
  const verdicts = arrivals.map((run) => verdictOf(run, judged));
  const calls = verdicts.reduce((sum, verdict) => sum + verdict.calls, 0);
  const share = (way: Way) => verdicts.reduce((sum, { rejected }) => sum + rejected[way], 0) / calls;
  return {
    windowMs: judged.windowMs,
    calls,
    worst: Math.max(...ways.map(share)),
    /** The share that each way of counting rejects. */
    rejected: Object.fromEntries(ways.map((way) => [way, share(way)])) as Record<Way, number>,
    // Without the share that a sliding upstream would reject.
    utilisation: median(arrivals.map((run) => utilisation(run, judged))) * (1 - share('sliding')),
    /** Mean ms from sending to the answer. */
    roundTripMs: mean(each.flat().map(({ sentAt, arrivedAt }) => arrivedAt - sentAt)),
  };
}

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const [us, ...peers] = limiting;
  if (!us) throw new Error('no contender to measure');
  const results = [
    ...(await inGroups([us], 1, saturate, report)),
    ...(await inGroups(peers, 2, saturate, report)),
  ];
  const ofHours = await saturateHourly(us);
  report('hourly limits done');
  const bySecond = results
    .flatMap(({ result: [documented, ...tried] }) => [documented, bestMargin(tried)])
    .filter((each) => each !== undefined);
  const [ours, ...others] = bySecond;
  if (!ours) throw new Error('nothing was measured of Paceline');
  const bound = policy.windowMs / (policy.windowMs + epsilonMs + ours.roundTripMs);
  const cycle = policy.windowMs / ours.utilisation;
  const own = cycle - policy.windowMs - epsilonMs - ours.roundTripMs;
  const reached = reachedBy(ours);
  const reachedHourly = reachedBy(ofHours);
  return {
    ...tableOf([ours, ofHours, ...others], {
      ...contenderColumns,
      margin: [({ margin }) => margin],
      'W s': [({ windowMs }) => windowMs / 1_000],
      sliding: [({ rejected }) => rejected.sliding, percent],
      'sliding, counts rejects': [({ rejected }) => rejected['sliding-counting-rejects'], percent],
      'clock-aligned': [({ rejected }) => rejected['clock-aligned'], percent],
      'first hit': [({ rejected }) => rejected['first-hit'], percent],
      GCRA: [({ rejected }) => rejected.gcra, percent],
      utilisation: [(each) => each.utilisation, percent],
      'of W/(W + RTT)': [reachedBy, percent],
      calls: [({ calls }) => calls],
    }),
    notes: [
      `Limit ${policy.limit} per ${policy.windowMs} ms, ${processes} calling processes (one where the limit is per process), ${inFlight} requests in flight; each call arrives U(0, ${network.jitterMs}) ms after it was sent, ${percent(network.outliers)} of them after ${10 * network.jitterMs} ms. Rejected: the share of all arrivals of ${runs} runs of ${windows} windows side by side; utilisation: their median, without what a sliding upstream rejects.`,
      `The row of ${hourly.windowMs / 1_000} s is an hourly limit on the same clock: ${hourly.limit} call per window, ${hourlyWindows} windows, otherwise the same.`,
      `Margins tried: a window longer by 6, 12, 25, 65 or 100 %, or fewer calls where only whole seconds can be set. Shown is the smallest one without a rejection, else the one with the fewest.`,
      `Our bound is W/(W + ε + RTT) = ${percent(bound)}: RTT is the mean from sending to the answer (${digits(ours.roundTripMs)} ms), ε the second by which upstream rounds, on the faster clock (${digits(epsilonMs)} ms). The limiter's own time counts against us.`,
    ],
    summary: {
      measure: 'rejected; utilisation',
      ours: `${percent(ours.worst)}; ${percent(ours.utilisation)}`,
      against: against(others, ({ utilisation: its, worst }) => {
        const rejections = worst > 0 ? `, with ${percent(worst)} rejected` : '';
        return times(ours.utilisation / its) + rejections;
      }),
      met: ours.worst === 0 && ofHours.worst === 0 && reachedHourly >= 0.995 && reached >= 0.983,
      remark: `${percent(reached)} of W/(W + RTT), and ${percent(reachedHourly)} in windows of ${hourly.windowMs / 1_000} s. ε takes ${digits(epsilonMs)} ms of each cycle, whatever the window: it protects against upstreams that count in whole seconds. The limiter itself takes ${digits(own)} ms, whatever the window. Peers are compared with their best margin.`,
    },
  };
}

export const saturated: Workload = {
  id: 'W1',
  title: 'Saturated, with jitter',
  goal: '0 rejected, utilisation ≥ 99.5 % of W/(W + RTT) in windows of 60 s, ≥ 98.3 % in windows of 1 s',
  run,
};
