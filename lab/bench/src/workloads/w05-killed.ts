import { digits } from '@paceline/kit/table';
import { compare } from './comparison.ts';
import { kill, type Killed, policy as longPolicy } from './w05-peers.ts';
import { type Besieged, policy, siege } from './w05-siege.ts';
import { ours, type Variant, variants } from '../contenders/all.ts';
import type { Outcome, Row, Workload } from '../report/outcome.ts';
import type { Step } from '../siege.ts';

const verbs = ['acquire', 'start', 'settle'] as const;
const phases = ['before', 'during', 'after'] as const;
const steps: readonly Step[] = verbs.flatMap((verb) => phases.map((phase) => ({ verb, phase })));
const half = Math.ceil(steps.length / 2);

/** The goal. */
const withinMs = 3_000;

const ofStep = ({ verb, phase, successor, peak, lost, grantedAfterMs }: Besieged): Row => ({
  contender: ours,
  what: `limiter, ${phase} ${verb}; ${successor} goes on`,
  peak: `${peak} of ${policy.limit}`,
  lost,
  next: grantedAfterMs,
});

const ofAnybody = ({ contender, home, peak, after }: Killed): Row => ({
  contender: contender.name,
  what: contender.countsIn === 'process' ? `its process, beside ${home}` : home,
  peak: `${peak} of ${longPolicy.limit}`,
  lost: after === 0 ? 'all: calls no more' : '',
  next: '',
});

/** Each library once where it limits, on a server where it can. */
const isKilled = ({ contender, home }: Variant): boolean =>
  contender.limits &&
  home !== 'limiter-synced' &&
  (contender.shared ||
    !variants.some((other) => other.contender.name === contender.name && other.contender.shared));

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
  const killed = await Promise.all(variants.filter(isKilled).map((variant) => kill(variant)));
  const { against } = compare(killed, ({ peak }) => 1 / peak);
  const peaks = [...besieged, ...killed.filter(({ contender }) => contender.name === ours)].map(
    ({ peak }) => peak,
  );
  const over = Math.max(...peaks) - policy.limit;
  const lost = Math.max(...besieged.map((each) => each.lost));
  const slowest = (successor: string) =>
    Math.max(...besieged.filter((each) => each.successor === successor).map((each) => each.grantedAfterMs));
  const [replica, itself] = [slowest('a replica'), slowest('itself, started again')];
  return {
    columns: {
      contender: { title: 'contender' },
      what: { title: 'killed' },
      peak: { title: 'peak in any window' },
      lost: { title: 'places lost' },
      next: { title: 'next grant after ms', show: digits },
    },
    rows: [...besieged.map(ofStep), ...killed.map(ofAnybody)],
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
