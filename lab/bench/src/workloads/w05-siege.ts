import { type Caller, startCaller } from '../processes.ts';
import { type Limiters, type Replica, startLimiters } from '../servers/limiters.ts';
import type { Step } from '../siege.ts';
import { verdictOf } from '../upstream/verdict.ts';

export const policy = { limit: 5, windowMs: 1_000 };

/** How long to go on after calls are granted again. */
const forMs = 3_500;
/** The last windows, in which every place that was not lost is used again. */
const calmWindows = 2;

/** Who goes on when the limiter is dead. */
export type Successor = 'a replica' | 'itself, started again';

export interface Besieged extends Step {
  readonly successor: Successor;
  /** The most calls that arrived in any window. */
  readonly peak: number;
  /** Places of the window that are not used any more. */
  readonly lost: number;
  readonly grantedAfterMs: number;
}

/** Kills a limiter at each step, one after the other. */
export async function siege(successor: Successor, steps: readonly Step[]): Promise<Besieged[]> {
  const limiters = await startLimiters();
  const caller = startCaller();
  try {
    const results: Besieged[] = [];
    for (const step of steps) {
      const struck = successor === 'a replica' ? strikeNewcomer : strikeOnly;
      results.push({ ...step, successor, ...(await struck(limiters, caller, step)) });
    }
    return results;
  } finally {
    await caller.kill();
    await limiters.stop();
  }
}

type Damage = Pick<Besieged, 'peak' | 'lost' | 'grantedAfterMs'>;

/** The first limiter takes over from a second one, which dies. */
async function strikeNewcomer(limiters: Limiters, caller: Caller, step: Step): Promise<Damage> {
  const victim = await limiters.add();
  const [survivor = victim] = limiters.replicas;
  await limiters.ownership.sharedOut([survivor.id, victim.id]);
  return strike(limiters, caller, step, victim);
}

/** There is one limiter; as soon as it is dead it is started again. */
async function strikeOnly(limiters: Limiters, caller: Caller, step: Step): Promise<Damage> {
  const victim = limiters.replicas.at(-1);
  if (!victim) throw new Error('there is no limiter');
  await limiters.ownership.sharedOut([victim.id]);
  const started = victim.exited.then(() => limiters.add());
  const damage = await strike(limiters, caller, step, victim);
  await started;
  return damage;
}

async function strike(limiters: Limiters, caller: Caller, step: Step, victim: Replica): Promise<Damage> {
  const [account = '', probe = ''] = limiters.ownership.accountsOf(victim.id, 2);
  const { address } = limiters;
  const { arrivals, end, grantedAfterMs } = await caller.do('besiege', {
    ...step,
    address,
    account,
    probe,
    forMs,
    pid: victim.pid,
  });
  const calm = arrivals.filter((at) => at > end - calmWindows * policy.windowMs);
  return {
    peak: verdictOf(arrivals, policy).fullestWindow,
    lost: policy.limit - verdictOf(calm, policy).fullestWindow,
    grantedAfterMs,
  };
}
