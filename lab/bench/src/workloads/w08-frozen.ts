import { readFile } from 'node:fs/promises';
import { digits, times } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { limiting, ours } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { lateCommits, type LimiterRig, type Replica, startLimiters } from '../limiters.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import { assemble, type CallerProcess, startCaller } from '../team.ts';
import { verdictOf } from '../upstream.ts';
import { against, arrivalsOf, limitsFor, policy, type ContenderResult, sideBySide } from './comparison.ts';

const inFlight = 10;
const rounds = 3;
/** A limiter without heartbeats for this long is replaced. */
const leaseMs = 2_000;
const frozenMs = 3 * leaseMs;
/** Ms to observe after it continues. */
const afterMs = 2_500;

/** Freezes one of two limiters while it is saturated, then continues it. */
async function freeze(limiters: LimiterRig, caller: CallerProcess, frozen: Replica) {
  const [account = '', probe = ''] = limiters.ownership.accountsOf(frozen.id, 2);
  await caller.do('limit', limitsFor([account, probe], inFlight));
  const frozenAt = monotonic() + 1.5 * policy.windowMs;
  const end = frozenAt + frozenMs + afterMs;
  const saturated = caller.do('saturate', { keys: [account], inFlight, end });
  await until(frozenAt);
  frozen.child.kill('SIGSTOP');
  await caller.do('request', { key: probe });
  await until(frozenAt + frozenMs);
  frozen.child.kill('SIGCONT');
  await saturated;
  const calls = await caller.do('collect');
  return {
    gapMs: Math.min(...arrivalsOf(calls, probe)) - frozenAt,
    peak: verdictOf(arrivalsOf(calls, account), policy).fullestWindow,
  };
}

/** Freezes a peer's server. @returns ms until its next call */
async function gapOf(contender: Contender): Promise<number> {
  await using team = await assemble(contender, { processes: 1 });
  const [caller] = team.callers;
  const key = 'w8';
  await caller.do('limit', limitsFor([key], 1));
  await caller.do('request', { key });
  await until(monotonic() + 2 * policy.windowMs);
  await caller.do('collect');
  const frozenAt = monotonic();
  team.server.signal('SIGSTOP');
  const request = caller.do('request', { key });
  await until(frozenAt + frozenMs);
  team.server.signal('SIGCONT');
  await request;
  await until(frozenAt + frozenMs + afterMs);
  return Math.min(...arrivalsOf(await caller.do('collect'), key)) - frozenAt;
}

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const limiters = await startLimiters();
  const caller = startCaller();
  try {
    const frozen = await limiters.add();
    const ids = limiters.replicas.map(({ id }) => id);
    await caller.do('open', { id: 'paceline', address: limiters.address, index: 0 });
    await caller.do('between', { jitterMs: 20, outliers: 0 });
    const results: Array<Awaited<ReturnType<typeof freeze>>> = [];
    for (let round = 0; round < rounds; round += 1) {
      await limiters.ownership.distributed(ids);
      results.push(await freeze(limiters, caller, frozen));
      report(`${results.length} of ${rounds} freezes done`);
    }
    await limiters.ownership.distributed(ids);
    const late = await lateCommits(limiters.adminUrl);
    const refusals =
      (await readFile(frozen.logFile, 'utf8')).split('has an entry by another owner').length - 1;
    const peers = await sideBySide(limiting.filter(decidesElsewhere), gapOf, report);
    return outcomeOf(results, late, refusals, peers);
  } finally {
    await caller.kill();
    await limiters.stop();
  }
}

/** Peers whose limit is kept by a server that can be frozen. */
const decidesElsewhere = ({ name, countsIn }: Contender): boolean => name !== ours && countsIn === 'server';

function outcomeOf(
  results: ReadonlyArray<Awaited<ReturnType<typeof freeze>>>,
  late: number,
  refusals: number,
  peers: ReadonlyArray<ContenderResult<number>>,
): WorkloadOutcome {
  const gap = Math.max(...results.map(({ gapMs }) => gapMs));
  const over = Math.max(0, ...results.map(({ peak }) => peak - policy.limit));
  return {
    ...tableOf(
      [
        ...results.map(({ gapMs, peak }) => ({ name: ours, gapMs, peak: `${peak} of ${policy.limit}` })),
        ...peers.map(({ contender: { name }, result }) => ({ name, gapMs: result, peak: '' })),
      ],
      {
        contender: [({ name }) => name],
        'next grant after ms': [({ gapMs }) => gapMs, digits],
        'peak in any window': [({ peak }) => peak],
      },
    ),
    notes: [
      `Two limiters; the owner of a saturated account is stopped (SIGSTOP) for ${frozenMs} ms, three times its lease of ${leaseMs} ms, and continued; ${results.length} rounds. Another of its accounts, with room, sends a request as soon as it is stopped.`,
      `In the journals ${late} calls were committed under a claim that was not the last one. The continued limiter logged ${refusals} times that a journal had advanced without it.`,
      'Peers: their one Redis is frozen for as long. Where the process itself decides there is no server to freeze.',
    ],
    summary: {
      measure: 'gap; late appends; over-issue',
      ours: `${digits(gap)} ms; ${late}; ${over}`,
      against: against(peers, ({ result }) => times(result / gap)),
      met: gap <= leaseMs + 1_000 && late === 0 && over === 0,
      remark: `the lease is ${leaseMs} ms; where one Redis decides there is no takeover, and the gap is the freeze`,
    },
  };
}

export const frozen: Workload = {
  id: 'W8',
  title: 'The owner is frozen for three leases',
  goal: 'its late append is refused, the gap is at most the lease and a second',
  run,
};
