import { median, quantile } from '@paceline/kit/statistics';
import { digits, percent } from '@paceline/kit/table';
import { ours } from '../contenders/all.ts';
import { startLimiters } from '../limiters.ts';
import type { Kept } from '../promises.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import { startCaller } from '../team.ts';

/** A minute of the project's: slow enough that a second of it is more than a hiccup of the machine. */
const minuteMs = 3_000;
const limit = 5;
const accounts = Array.from({ length: 8 }, (_, index) => `w10-${index}`);
const backlog = 3 * limit;
/** A load of nine tenths, for this many windows before and after the backlog. */
const load = 0.9;
const windows = 6;
const rounds = 5;
const count = Math.round(load * limit * windows);
const urgent = 0.3;
/** Project ms by which a call may start later than promised. */
const allowedMs = 1_000;

const late = ({ firstEstimate, startedAt }: Kept): number => startedAt - (firstEstimate ?? startedAt);

const shareKept = (tickets: readonly Kept[]): number =>
  tickets.filter((ticket) => late(ticket) <= allowedMs).length / tickets.length;

async function run(say: (line: string) => void): Promise<Outcome> {
  const all: Kept[][] = [];
  for (let round = 1; round <= rounds; round += 1) {
    all.push(await once());
    say(`${round} of ${rounds} runs done`);
  }
  return outcomeOf(all);
}

async function once(): Promise<Kept[]> {
  const limiters = await startLimiters({ minuteMs });
  const caller = startCaller();
  try {
    return await caller.do('keepPromises', {
      address: limiters.address,
      accounts,
      backlog,
      count,
      everyMs: minuteMs / limit / load,
      urgent,
    });
  } finally {
    await caller.kill();
    await limiters.stop();
  }
}

function outcomeOf(all: readonly Kept[][]): Outcome {
  const promised = all.flat().filter(({ firstEstimate }) => firstEstimate !== undefined);
  const warm = promised.filter(({ cold }) => !cold);
  const shares = all.map((tickets) =>
    shareKept(tickets.filter(({ cold, firstEstimate }) => !cold && firstEstimate !== undefined)),
  );
  const share = median(shares);
  return {
    ...tableOf(
      [
        ['all', warm] as const,
        ['urgent', warm.filter((each) => each.urgent)] as const,
        ['the others', warm.filter((each) => !each.urgent)] as const,
        ['before anything was known of the load', promised.filter(({ cold }) => cold)] as const,
      ],
      {
        contender: [() => ours],
        who: [([who]) => who],
        'tickets that waited': [([, tickets]) => tickets.length],
        kept: [([, tickets]) => shareKept(tickets), percent],
        'p95 late (s)': [([, tickets]) => quantile(tickets.map(late), 0.95) / 1_000, digits],
        'p95 early (s)': [([, tickets]) => -quantile(tickets.map(late), 0.05) / 1_000, digits],
      },
    ),
    notes: [
      `${accounts.length} accounts with ${limit} calls a minute (${minuteMs} ms of the machine). ${percent(load)} of what a window holds come at random moments, ${percent(urgent)} of them in a lane that goes first: for ${windows} windows, in which the limiter learns how it is overtaken; then ${backlog} come at once, and again ${windows} windows. Kept: the call starts no more than ${allowedMs / 1_000} s of the project's time (${digits((allowedMs * minuteMs) / 60_000)} ms of the machine) after what the ticket was told first. ${promised.length} of ${all.flat().length} tickets of ${rounds} runs had to wait.`,
      'No peer tells a waiter when it will run.',
    ],
    summary: {
      measure: 'promises kept',
      ours: percent(share),
      against: {},
      met: share >= 0.95,
      because: `the median of ${rounds} runs, of which the worst kept ${percent(Math.min(...shares))}; of those that came before anything was known of the load ${percent(shareKept(promised.filter(({ cold }) => cold)))}; no peer makes any promise`,
    },
  };
}

export const promises: Workload = {
  id: 'W10',
  title: 'Promises, while others are let in first',
  goal: 'at least 95 % kept',
  run,
};
