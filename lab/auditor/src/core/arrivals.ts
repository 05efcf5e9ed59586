import type { Policy } from '@paceline/shared/contracts';
import type { Budget } from '@paceline/shared/definition';
import type { StartedCall } from './history.ts';

/** A request as the sandbox's audit log has it, as far as it matters here. */
export interface LoggedArrival {
  /** Project ms by the sandbox's clock. */
  readonly arrivedAt: number;
  /** The first digits of a hash of the key. */
  readonly key: string;
  /** Null: a path that is no endpoint. */
  readonly budget: Budget | null;
  /** The policy that was enforced on it, where one was. */
  readonly policy: Policy | null;
  readonly verdict: string;
}

/** The project moment at which the machine's clock shows `realMs` (since the epoch). */
export type ProjectTime = (realMs: number) => number;

/** A sandbox's audit log. */
export interface SandboxLog {
  /** Everything that arrived. */
  readonly arrivals: readonly LoggedArrival[];
  /** What its moments are told by. */
  readonly projectTime?: ProjectTime;
}

/** An account's name begins with the same digits of the same hash, see `accountOf`. */
export const isOf = ({ key }: LoggedArrival, account: string): boolean => account.startsWith(`key-${key}`);

export type Watched = ReturnType<typeof watchedBy>;

/** The time of which the log tells: nothing is known of before it begins, nor of what is yet to come. */
export function watchedBy(arrivals: readonly LoggedArrival[]) {
  const moments = arrivals.map(({ arrivedAt }) => arrivedAt);
  return {
    from: moments.reduce((a, b) => Math.min(a, b), Infinity),
    to: moments.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}

/** Two clocks never agree: a call that arrives this much beside its interval is still its own. Project ms. */
export const clockSlackMs = 1_000;

/** The latest arrival by the sandbox's clock, which the ledger's time lies behind after a take-over. */
export const arrivesBy = ({ arrivesBy, lag }: StartedCall): number => arrivesBy + lag;

export type Matching = ReturnType<typeof matchWithin>;

/** Gives every arrival, oldest first, a call whose interval holds it: exactly, unless a little slack explains more. */
export function match(calls: readonly StartedCall[], arrivals: readonly LoggedArrival[]): Matching {
  const exact = matchWithin(0, calls, arrivals);
  if (exact.alone.length === 0) return exact;
  const loose = matchWithin(clockSlackMs, calls, arrivals);
  return loose.alone.length < exact.alone.length ? loose : exact;
}

/** Of the calls that an arrival could be, it is the one that had to arrive the soonest: no other way matches more. */
function matchWithin(slackMs: number, calls: readonly StartedCall[], arrivals: readonly LoggedArrival[]) {
  const coming = calls.toSorted((a, b) => a.startedAt - b.startedAt);
  const pairs: Array<{ arrival: LoggedArrival; call: StartedCall }> = [];
  const alone: LoggedArrival[] = [];
  /** Those that may arrive now, whose time is over first last. */
  const open: StartedCall[] = [];
  let next = 0;
  for (const arrival of arrivals) {
    const { arrivedAt } = arrival;
    for (let call = coming[next]; call && call.startedAt - slackMs <= arrivedAt; call = coming[next]) {
      const place = open.findIndex((other) => arrivesBy(other) <= arrivesBy(call));
      open.splice(place === -1 ? open.length : place, 0, call);
      next += 1;
    }
    let call = open.pop();
    while (call && arrivesBy(call) + slackMs < arrivedAt) call = open.pop();
    if (call) pairs.push({ arrival, call });
    else alone.push(arrival);
  }
  // What arrived, with the started call that it is; and what no started call was left for.
  return { pairs, alone };
}
