import { monotonic, until } from '@paceline/kit/waiting';
import type { Variant } from '../contenders/all.ts';
import { startCaller } from '../processes.ts';
import { assemble } from '../team.ts';
import { verdictOf } from '../upstream/verdict.ts';

/** Long beside the time in which a server or a process is there again. */
export const policy = { limit: 5, windowMs: 4_000 };
const key = 'w5';
const limit = { key, calls: policy.limit, windowMs: policy.windowMs, concurrency: 2 * policy.limit };
/** Windows from the start at which it is asked for N calls; the one in between is for who looks once in a window. */
const asked = [0, 1.2];
/** When it is killed, and when it is over. */
const killed = 1.5;
const over = 2.5;
/** Ms after the restart at which it is asked for N more: who asks while a connection is being made is sent away. */
const askedAgain = [0, 500, 1_000];

export interface Killed extends Variant {
  readonly peak: number;
  /** Calls after the kill. */
  readonly after: number;
}

/** Fills a window, kills what holds the count, starts it again at once, and asks for more. */
export async function kill(variant: Variant): Promise<Killed> {
  const { contender, home } = variant;
  const { windowMs } = policy;
  await using team = await assemble(contender, { processes: 1, home, windowMs });
  const [first] = team.callers;
  await first.do('limit', [limit]);
  const successor = contender.countsIn === 'process' ? startCaller() : undefined;
  const ask = { key, urgency: 'urgent', count: policy.limit } as const;
  const start = monotonic() + 500;
  try {
    for (const at of asked) await first.do('ask', { ...ask, at: start + at * windowMs });
    await until(start + killed * windowMs);
    const before = await first.do('collect');
    if (successor) {
      await first.kill();
      await successor.do('open', { id: contender.id, address: team.server.address, index: 0 });
      await successor.do('limit', [limit]);
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
    return { ...variant, peak: verdictOf(arrivals, policy).fullestWindow, after: after.length };
  } finally {
    await successor?.kill();
  }
}
