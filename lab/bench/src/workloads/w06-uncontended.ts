import { median, quantile } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import type { Variant } from '../contenders/all.ts';
import type { LimiterRig } from '../limiters.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble, startCaller, type Team } from '../team.ts';
import { compare, endless, limitsFor, oneByOne, contenderColumns } from './comparison.ts';

const rounds = 5;
const permits = 150;
/** Ms between two permits, so that the end of one is not measured with the next. */
const pauseMs = 5;
/** Enough to never fill a window. */
const accounts = 300;

async function time(variant: Variant) {
  await using team = await assemble(variant.contender, { processes: 1, home: variant.home });
  const [caller] = team.callers;
  const keys = Array.from(
    { length: variant.contender.floodKeys > 1 ? accounts : 1 },
    (_, index) => `w6-${index}`,
  );
  await caller.do('limit', limitsFor(keys, 1, endless(variant.contender)));
  await caller.do('sequence', { keys, count: permits, pauseMs });
  const echo = variant.contender.home === 'limiter' ? await startEcho(team) : undefined;
  const took: number[][] = [];
  const withoutPause: number[][] = [];
  const bare: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (echo) bare.push(await caller.do('requestAndAppend', { url: echo.url, count: permits, pauseMs }));
    took.push(await caller.do('sequence', { keys, count: permits, pauseMs }));
    withoutPause.push(await caller.do('sequence', { keys, count: permits, pauseMs: 0 }));
  }
  await echo?.caller.kill();
  return {
    ...variant,
    /** Median of the rounds' medians, ms; `withoutPause`: with the next request at once. */
    p50: median(took.map(median)),
    p99: quantile(took.flat(), 0.99),
    withoutPause: median(withoutPause.map(median)),
    /** The same for a bare request and append, with a broker. */
    bare: echo && median(bare.map(median)),
  };
}

/** A process that answers bare requests. */
async function startEcho(team: Team) {
  const url = (team.server as LimiterRig).adminUrl;
  const caller = startCaller();
  await caller.do('respond', url);
  return { url, caller };
}

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const results = await oneByOne(time, report);
  const { relaxed, ratio, against } = compare(results, ({ p50 }) => 1 / p50);
  const { bare = Number.NaN } = relaxed;
  const overBare = relaxed.p50 / bare;
  return {
    ...tableOf(results, {
      ...contenderColumns,
      survives: [({ survives }) => survives],
      'p50 ms': [({ p50 }) => p50, digits],
      'p99 ms': [({ p99 }) => p99, digits],
      'of (request + append)': [({ p50, bare: its }) => (its ? p50 / its : ''), times],
      'p50 ms, without a pause': [({ withoutPause }) => withoutPause, digits],
      'Paceline is … times as fast': [ratio, times],
    }),
    notes: [
      `One process, one request after the other, no window ever full: ms from the request until the call is allowed, and for queues until the job's handler runs. The next one follows ${pauseMs} ms after the end of each; without that pause the end of a call is sent and committed together with the next request. Median of the medians of ${rounds} rounds of ${permits}; p99 over all of them. Peers that survive a power cut are compared with our default, the others with NATS_SYNC_INTERVAL=2m.`,
      `A bare request and append, measured in the same rounds: ${digits(bare)} ms.`,
    ],
    summary: {
      measure: 'p50 of a durable permit',
      ours: `${digits(relaxed.p50)} ms`,
      against,
      met: overBare <= 1.05,
      remark: `${digits(overBare)} × a bare request and append (${digits(bare)} ms); in-memory peers beside ours on disk`,
    },
  };
}

export const uncontended: Workload = {
  id: 'W6',
  title: 'One permit after the other',
  goal: 'p50 ≤ 1.05 × (request-reply + one append)',
  run,
};
