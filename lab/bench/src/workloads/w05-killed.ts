import { digits } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { isWidest, ours, type Variant, variants } from '../contenders/all.ts';
import { type LimiterRig, type Replica, startLimiters } from '../limiters.ts';
import { type WorkloadOutcome, tableOf, type Workload } from '../report.ts';
import type { KillStep } from '../kill-at-step.ts';
import { assemble, type CallerProcess, startCaller } from '../team.ts';
import { verdictOf } from '../upstream.ts';
import { compare, limitsFor, policy } from './comparison.ts';

/** Ms to continue after calls are granted again. */
const forMs = 3_500;
/** Windows at the end in which every place that was not lost is used again. */
const calmWindows = 2;

/** What replaces the killed limiter. */
type Successor = 'a replica' | 'itself, restarted';

type KilledAtStep = Awaited<ReturnType<typeof killAtSteps>>[number];

/** Kills a limiter at each step, one after the other. */
async function killAtSteps(successor: Successor, steps: readonly KillStep[]) {
  const limiters = await startLimiters();
  const caller = startCaller();
  try {
    const killOne = successor === 'a replica' ? killNewest : killOnly;
    const results = [];
    for (const step of steps)
      results.push({ ...step, successor, ...(await killOne(limiters, caller, step)) });
    return results;
  } finally {
    await caller.kill();
    await limiters.stop();
  }
}

/** Kills a second limiter; the first one takes over. */
async function killNewest(limiters: LimiterRig, caller: CallerProcess, step: KillStep) {
  const victim = await limiters.add();
  const [survivor = victim] = limiters.replicas;
  await limiters.ownership.distributed([survivor.id, victim.id]);
  return killLimiter(limiters, caller, step, victim);
}

/** Kills the only limiter and restarts it at once. */
async function killOnly(limiters: LimiterRig, caller: CallerProcess, step: KillStep) {
  const victim = limiters.replicas.at(-1);
  if (!victim) throw new Error('no limiter');
  await limiters.ownership.distributed([victim.id]);
  const started = victim.child.exited.then(() => limiters.add());
  const damage = await killLimiter(limiters, caller, step, victim);
  await started;
  return damage;
}

async function killLimiter(limiters: LimiterRig, caller: CallerProcess, step: KillStep, victim: Replica) {
  const [account = '', probe = ''] = limiters.ownership.accountsOf(victim.id, 2);
  const target = { address: limiters.address, account, probe, pid: victim.child.pid };
  const { arrivals, end, grantedAfterMs } = await caller.do('killAtStep', { ...step, ...target, forMs });
  const calm = arrivals.filter((at) => at > end - calmWindows * policy.windowMs);
  return {
    /** `peak`: most calls in any window; `lost`: places of the window no longer used. */
    peak: verdictOf(arrivals, policy).fullestWindow,
    lost: policy.limit - verdictOf(calm, policy).fullestWindow,
    grantedAfterMs,
  };
}

/** A window much longer than the restart of a server or process. */
const longPolicy = { limit: 5, windowMs: 4_000 };
const key = 'w5';
const limits = limitsFor([key], 2 * longPolicy.limit, longPolicy);
/** Times of N requests, in windows; the second is for contenders that poll once per window. */
const requestsAt = [0, 1.2];
/** Time of the kill and end of the run, in windows. */
const killedAt = 1.5;
const endsAt = 2.5;
/** Times of N more requests, ms after the restart; repeated, because some contenders refuse requests while reconnecting. */
const requestsAfterRestart = [0, 500, 1_000];

type Killed = Awaited<ReturnType<typeof kill>>;

/** Fills a window, kills what counts, restarts it at once and requests more. */
async function kill(variant: Variant) {
  const { contender, home } = variant;
  const { windowMs } = longPolicy;
  await using team = await assemble(contender, { processes: 1, home, windowMs });
  const [first] = team.callers;
  await first.do('limit', limits);
  const successor = contender.countsIn === 'process' ? startCaller() : undefined;
  const request = { key, count: longPolicy.limit };
  const start = monotonic() + 500;
  try {
    for (const at of requestsAt) await first.do('request', { ...request, at: start + at * windowMs });
    await until(start + killedAt * windowMs);
    const before = await first.do('collect');
    if (successor) {
      await first.kill();
      await successor.do('open', { id: contender.id, address: team.server.address, index: 0 });
      await successor.do('limit', limits);
    } else {
      await team.server.kill();
      await team.server.restart();
    }
    const restarted = monotonic();
    const caller = successor ?? first;
    // Requests that a contender drops because its server was down don't count.
    const requests = requestsAfterRestart.map((ms) =>
      caller.do('request', { ...request, at: restarted + ms }),
    );
    await Promise.race([Promise.allSettled(requests), until(start + endsAt * windowMs)]);
    await until(start + endsAt * windowMs);
    const after = await caller.do('collect');
    const arrivals = [...before, ...after].map(({ arrivedAt }) => arrivedAt);
    return { ...variant, peak: verdictOf(arrivals, longPolicy).fullestWindow, after: after.length };
  } finally {
    await successor?.kill();
  }
}

const killable = variants.filter(({ contender, home }) => isWidest(contender) && home !== 'limiter-synced');

const verbs = ['acquire', 'start', 'settle'] as const;
const phases = ['before', 'during', 'after'] as const;
const steps: readonly KillStep[] = verbs.flatMap((verb) => phases.map((phase) => ({ verb, phase })));
const half = Math.ceil(steps.length / 2);

const withinMs = 3_000;

const ofStep = ({ verb, phase, successor, peak, lost, grantedAfterMs }: KilledAtStep) => ({
  contender: ours,
  what: `limiter, ${phase} ${verb}; ${successor} takes over`,
  peak: `${peak} of ${policy.limit}`,
  lost,
  next: grantedAfterMs,
});

const ofContender = ({ contender, home, peak, after }: Killed) => ({
  contender: contender.name,
  what: contender.countsIn === 'process' ? `its process, with ${home}` : home,
  peak: `${peak} of ${longPolicy.limit}`,
  lost: after === 0 ? 'all: no more calls' : '',
  next: '',
});

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  const groups = await Promise.all([
    killAtSteps('a replica', steps.slice(0, half)),
    killAtSteps('a replica', steps.slice(half)),
    killAtSteps(
      'itself, restarted',
      steps.filter(({ phase }) => phase === 'during'),
    ),
  ]);
  const killedAtSteps = groups.flat();
  report(`killed ${killedAtSteps.length} limiters`);
  const killedOnes = await Promise.all(killable.map(kill));
  const { against } = compare(killedOnes, ({ peak }) => 1 / peak);
  const peaks = [...killedAtSteps, ...killedOnes.filter(({ contender }) => contender.name === ours)].map(
    ({ peak }) => peak,
  );
  const over = Math.max(...peaks) - policy.limit;
  const lost = Math.max(...killedAtSteps.map((each) => each.lost));
  const slowest = (successor: string) =>
    Math.max(
      ...killedAtSteps.filter((each) => each.successor === successor).map((each) => each.grantedAfterMs),
    );
  const [replica, itself] = [slowest('a replica'), slowest('itself, restarted')];
  return {
    ...tableOf([...killedAtSteps.map(ofStep), ...killedOnes.map(ofContender)], {
      contender: [({ contender }) => contender],
      killed: [({ what }) => what],
      'peak in any window': [({ peak }) => peak],
      'places lost': [({ lost }) => lost],
      'next grant after ms': [({ next }) => next, digits],
    }),
    notes: [
      `Paceline at every step: an account with ${policy.limit} calls per ${policy.windowMs} ms is kept saturated; its limiter gets SIGKILL before the first message with that verb is sent, while it is on its way, or when its answer has arrived. Another account of the same limiter, with room, sends a request at once and measures the time until it is granted. Places lost: what is missing in the last two windows, some seconds later. One kill each.`,
      `All contenders: ${longPolicy.limit} calls per ${longPolicy.windowMs} ms; a window is filled, the process or server that counts gets SIGKILL and is restarted at once, then gets more requests. One run each, side by side.`,
    ],
    summary: {
      measure: 'over-issue; lost places; next grant',
      ours: `${Math.max(0, over)}; ${Math.max(0, lost)}; ${digits(replica)} ms`,
      against,
      met: over <= 0 && lost <= 1 && replica <= withinMs,
      remark: `a replica takes over within ${digits(replica)} ms; a single limiter needs ${digits(itself)} ms after a restart, most of it the start of its process. Peers: calls in a window across a restart.`,
    },
  };
}

export const killed: Workload = {
  id: 'W5',
  title: 'kill -9 at every step',
  goal: 'no over-issue, at most one place lost, grants again within 3 s',
  run,
};
