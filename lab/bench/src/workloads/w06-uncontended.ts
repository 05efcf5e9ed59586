import { median, quantile } from '@paceline/kit/statistics';
import { digits, times } from '@paceline/kit/table';
import type { Variant } from '../contenders/all.ts';
import type { Limiters } from '../limiters.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { assemble, startCaller, type Team } from '../team.ts';
import { compare, endless, limitsFor, oneByOne, who } from './comparison.ts';

const rounds = 5;
const permits = 150;
/** Ms between two of them: the end of one is not to be measured with the next. */
const pauseMs = 5;
/** Enough that no window is ever full. */
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
  const pressed: number[][] = [];
  const least: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (echo) least.push(await caller.do('leastCost', { url: echo.url, count: permits, pauseMs }));
    took.push(await caller.do('sequence', { keys, count: permits, pauseMs }));
    pressed.push(await caller.do('sequence', { keys, count: permits, pauseMs: 0 }));
  }
  await echo?.caller.kill();
  return {
    ...variant,
    /** Median of the rounds' medians, ms; `pressed`: when the next one is asked for at once. */
    p50: median(took.map(median)),
    p99: quantile(took.flat(), 0.99),
    pressed: median(pressed.map(median)),
    /** The same of a bare request and a bare append, where there is a broker. */
    least: echo && median(least.map(median)),
  };
}

/** Another process that answers bare requests. */
async function startEcho(team: Team) {
  const url = (team.server as Limiters).adminUrl;
  const caller = startCaller();
  await caller.do('respond', url);
  return { url, caller };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const results = await oneByOne(time, say);
  const { usual, ratio, against } = compare(results, ({ p50 }) => 1 / p50);
  const { least = Number.NaN } = usual;
  const overLeast = usual.p50 / least;
  return {
    ...tableOf(results, {
      ...who,
      survives: [({ survives }) => survives],
      'p50 ms': [({ p50 }) => p50, digits],
      'p99 ms': [({ p99 }) => p99, digits],
      'of (request + append)': [({ p50, least: its }) => (its ? p50 / its : ''), times],
      'p50 ms, without a pause': [({ pressed }) => pressed, digits],
      'Paceline is … times as fast': [ratio, times],
    }),
    notes: [
      `One process, one ask after the other, no window ever full: ms from asking to being allowed to call, and for queues until the job's handler runs. ${pauseMs} ms after the end of each comes the next; without that pause the end of a call travels and is committed beside the next ask. Median of the medians of ${rounds} rounds of ${permits}; p99 over all of them. Peers that survive a power cut are compared with ours that does, the others with ours as it comes.`,
      `A bare request and append, measured in the same rounds: ${digits(least)} ms.`,
    ],
    summary: {
      measure: 'p50 of a durable permit',
      ours: `${digits(usual.p50)} ms`,
      against,
      met: overLeast <= 1.5,
      because: `${digits(overLeast)} × a bare request and append (${digits(least)} ms); peers in memory beside ours on disk`,
    },
  };
}

export const uncontended: Workload = {
  id: 'W6',
  title: 'One permit after the other',
  goal: 'p50 ≤ 1.5 × (request-reply + one append)',
  run,
};
