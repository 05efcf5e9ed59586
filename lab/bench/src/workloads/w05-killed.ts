import { digits } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import { isWidest, ours, type Variant, variants } from '../contenders/all.ts';
import { type Limiters, type Replica, startLimiters } from '../limiters.ts';
import { type Outcome, tableOf, type Workload } from '../report.ts';
import type { Step } from '../siege.ts';
import { assemble, type Caller, startCaller } from '../team.ts';
import { verdictOf } from '../upstream.ts';
import { compare, limitsFor, policy } from './comparison.ts';

/** How long to go on after calls are granted again. */
const forMs = 3_500;
/** The last windows, in which every place that was not lost is used again. */
const calmWindows = 2;

/** Who goes on when the limiter is dead. */
type Successor = 'a replica' | 'itself, started again';

type Besieged = Awaited<ReturnType<typeof siege>>[number];

/** Kills a limiter at each step, one after the other. */
async function siege(successor: Successor, steps: readonly Step[]) {
  const limiters = await startLimiters();
  const caller = startCaller();
  try {
    const struck = successor === 'a replica' ? strikeNewcomer : strikeOnly;
    const results = [];
    for (const step of steps) results.push({ ...step, successor, ...(await struck(limiters, caller, step)) });
    return results;
  } finally {
    await caller.kill();
    await limiters.stop();
  }
}

/** The first limiter takes over from a second one, which dies. */
async function strikeNewcomer(limiters: Limiters, caller: Caller, step: Step) {
  const victim = await limiters.add();
  const [survivor = victim] = limiters.replicas;
  await limiters.ownership.sharedOut([survivor.id, victim.id]);
  return strike(limiters, caller, step, victim);
}

/** There is one limiter; as soon as it is dead it is started again. */
async function strikeOnly(limiters: Limiters, caller: Caller, step: Step) {
  const victim = limiters.replicas.at(-1);
  if (!victim) throw new Error('there is no limiter');
  await limiters.ownership.sharedOut([victim.id]);
  const started = victim.child.exited.then(() => limiters.add());
  const damage = await strike(limiters, caller, step, victim);
  await started;
  return damage;
}

async function strike(limiters: Limiters, caller: Caller, step: Step, victim: Replica) {
  const [account = '', probe = ''] = limiters.ownership.accountsOf(victim.id, 2);
  const target = { address: limiters.address, account, probe, pid: victim.child.pid };
  const { arrivals, end, grantedAfterMs } = await caller.do('besiege', { ...step, ...target, forMs });
  const calm = arrivals.filter((at) => at > end - calmWindows * policy.windowMs);
  return {
    /** The most calls that arrived in any window, and its places that are not used any more. */
    peak: verdictOf(arrivals, policy).fullestWindow,
    lost: policy.limit - verdictOf(calm, policy).fullestWindow,
    grantedAfterMs,
  };
}

/** Long beside the time in which a server or a process is there again. */
const longPolicy = { limit: 5, windowMs: 4_000 };
const key = 'w5';
const limits = limitsFor([key], 2 * longPolicy.limit, longPolicy);
/** Windows from the start at which it is asked for N calls; the one in between is for who looks once in a window. */
const asked = [0, 1.2];
/** When it is killed, and when it is over. */
const killedAt = 1.5;
const over = 2.5;
/** Ms after the restart at which it is asked for N more: who asks while a connection is being made is sent away. */
const askedAgain = [0, 500, 1_000];

type Killed = Awaited<ReturnType<typeof kill>>;

/** Fills a window, kills what holds the count, starts it again at once, and asks for more. */
async function kill(variant: Variant) {
  const { contender, home } = variant;
  const { windowMs } = longPolicy;
  await using team = await assemble(contender, { processes: 1, home, windowMs });
  const [first] = team.callers;
  await first.do('limit', limits);
  const successor = contender.countsIn === 'process' ? startCaller() : undefined;
  const ask = { key, count: longPolicy.limit };
  const start = monotonic() + 500;
  try {
    for (const at of asked) await first.do('ask', { ...ask, at: start + at * windowMs });
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
    // What it throws away because its server was gone is its own affair.
    const asking = askedAgain.map((ms) => caller.do('ask', { ...ask, at: restarted + ms }));
    await Promise.race([Promise.allSettled(asking), until(start + over * windowMs)]);
    await until(start + over * windowMs);
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
const steps: readonly Step[] = verbs.flatMap((verb) => phases.map((phase) => ({ verb, phase })));
const half = Math.ceil(steps.length / 2);

/** The goal. */
const withinMs = 3_000;

const ofStep = ({ verb, phase, successor, peak, lost, grantedAfterMs }: Besieged) => ({
  contender: ours,
  what: `limiter, ${phase} ${verb}; ${successor} goes on`,
  peak: `${peak} of ${policy.limit}`,
  lost,
  next: grantedAfterMs,
});

const ofAnybody = ({ contender, home, peak, after }: Killed) => ({
  contender: contender.name,
  what: contender.countsIn === 'process' ? `its process, beside ${home}` : home,
  peak: `${peak} of ${longPolicy.limit}`,
  lost: after === 0 ? 'all: calls no more' : '',
  next: '',
});

async function run(say: (line: string) => void): Promise<Outcome> {
  const sieges = await Promise.all([
    siege('a replica', steps.slice(0, half)),
    siege('a replica', steps.slice(half)),
    siege(
      'itself, started again',
      steps.filter(({ phase }) => phase === 'during'),
    ),
  ]);
  const besieged = sieges.flat();
  say(`${besieged.length} limiters were killed`);
  const killedOnes = await Promise.all(killable.map(kill));
  const { against } = compare(killedOnes, ({ peak }) => 1 / peak);
  const peaks = [...besieged, ...killedOnes.filter(({ contender }) => contender.name === ours)].map(
    ({ peak }) => peak,
  );
  const over = Math.max(...peaks) - policy.limit;
  const lost = Math.max(...besieged.map((each) => each.lost));
  const slowest = (successor: string) =>
    Math.max(...besieged.filter((each) => each.successor === successor).map((each) => each.grantedAfterMs));
  const [replica, itself] = [slowest('a replica'), slowest('itself, started again')];
  return {
    ...tableOf([...besieged.map(ofStep), ...killedOnes.map(ofAnybody)], {
      contender: [({ contender }) => contender],
      killed: [({ what }) => what],
      'peak in any window': [({ peak }) => peak],
      'places lost': [({ lost }) => lost],
      'next grant after ms': [({ next }) => next, digits],
    }),
    notes: [
      `Paceline at every step: an account with ${policy.limit} calls per ${policy.windowMs} ms is kept saturated; its limiter gets SIGKILL before the first message with that verb is sent, while it is on its way, or when its answer has come. Another account of the same limiter, with room, asks at once: until it is granted nobody answers. Places lost: what is missing in the last two windows, some seconds later. One kill each.`,
      `Everybody: ${longPolicy.limit} calls per ${longPolicy.windowMs} ms; a window is filled, what holds the count (the process, or the server) gets SIGKILL and is started again at once, and is asked for more. One run each, side by side.`,
    ],
    summary: {
      measure: 'over-issue; lost places; next grant',
      ours: `${Math.max(0, over)}; ${Math.max(0, lost)}; ${digits(replica)} ms`,
      against,
      met: over <= 0 && lost <= 1 && replica <= withinMs,
      because: `a replica takes over within ${digits(replica)} ms; alone and started again it is ${digits(itself)} ms, most of it the start of a process. Peers: calls in a window across a restart.`,
    },
  };
}

export const killed: Workload = {
  id: 'W5',
  title: 'kill -9 at every step',
  goal: 'no over-issue, at most one place lost, grants again within 3 s',
  run,
};
