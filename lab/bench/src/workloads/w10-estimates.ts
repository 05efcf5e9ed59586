import { median, quantile } from '@paceline/kit/statistics';
import { digits, percent } from '@paceline/kit/table';
import { ours } from '../contenders/all.ts';
import { startLimiters } from '../limiters.ts';
import type { Ticket } from '../estimates.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { startCaller } from '../team.ts';

/** Real ms per project minute; slow enough that a project second exceeds the machine's jitter. */
const minuteMs = 3_000;
const limit = 5;
const accounts = Array.from({ length: 8 }, (_, index) => `w10-${index}`);
const backlog = 3 * limit;
/** A load of 90 %, for this many windows before and after the backlog. */
const load = 0.9;
const windows = 6;
const rounds = 5;
const count = Math.round(load * limit * windows);
const urgent = 0.3;
/** Project ms by which a call can start later than estimated. */
const allowedMs = 1_000;

const late = ({ firstEstimate, startedAt }: Ticket): number => startedAt - (firstEstimate ?? startedAt);

const shareKept = (tickets: readonly Ticket[]): number =>
  tickets.filter((ticket) => late(ticket) <= allowedMs).length / tickets.length;

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const all: Ticket[][] = [];
  for (let round = 1; round <= rounds; round += 1) {
    all.push(await once());
    report(`${round} of ${rounds} runs done`);
  }
  return outcomeOf(all);
}

async function once(): Promise<Ticket[]> {
  const limiters = await startLimiters({ minuteMs });
  const caller = startCaller();
  try {
    return await caller.do('recordEstimates', {
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

function outcomeOf(all: readonly Ticket[][]): WorkloadOutcome {
  const estimated = all.flat().filter(({ firstEstimate }) => firstEstimate !== undefined);
  const warm = estimated.filter(({ cold }) => !cold);
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
        ['before the load was known', estimated.filter(({ cold }) => cold)] as const,
      ],
      {
        contender: [() => ours],
        who: [([label]) => label],
        'tickets that waited': [([, tickets]) => tickets.length],
        kept: [([, tickets]) => shareKept(tickets), percent],
        'p95 late (s)': [([, tickets]) => quantile(tickets.map(late), 0.95) / 1_000, digits],
        'p95 early (s)': [([, tickets]) => -quantile(tickets.map(late), 0.05) / 1_000, digits],
      },
    ),
    notes: [
      `${accounts.length} accounts with ${limit} calls per minute (${minuteMs} ms of the machine). ${percent(load)} of what a window holds arrives at random times, ${percent(urgent)} of it in a lane that goes first: for ${windows} windows, in which the limiter learns how requests are overtaken; then ${backlog} arrive at once, and again ${windows} windows. Kept: the call starts at most ${allowedMs / 1_000} s of project time (${digits((allowedMs * minuteMs) / 60_000)} ms of the machine) after its first estimate. ${estimated.length} of ${all.flat().length} tickets of ${rounds} runs had to wait.`,
      'No peer gives a waiting request an estimate.',
    ],
    summary: {
      measure: 'estimates kept',
      ours: percent(share),
      against: {},
      met: share >= 0.95,
      remark: `the median of ${rounds} runs, the worst of which kept ${percent(Math.min(...shares))}; of the estimates from before the load was known ${percent(shareKept(estimated.filter(({ cold }) => cold)))}; no peer gives estimates`,
    },
  };
}

export const estimates: Workload = {
  id: 'W10',
  title: 'Estimates while others go first',
  goal: 'at least 95 % kept',
  run,
};
