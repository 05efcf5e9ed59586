import { type Policy, upstreamOf } from '@paceline/shared/contracts';
import type { StartedCall } from './history.ts';

/** A request in a sandbox's audit log. */
export interface LoggedArrival {
  /** Project ms by the sandbox's clock. */
  readonly arrivedAt: number;
  /** The first digits of a hash of the key. */
  readonly key: string;
  /** The enforced policy of each budget in which it counts; empty for an unknown path. */
  readonly policies: Readonly<Record<string, Policy>>;
  readonly verdict: string;
}

/** Project time when the machine's clock shows `realMs` (since the epoch). */
export type ProjectTime = (realMs: number) => number;

/** What arrived at the sandbox of one upstream. */
export interface SandboxLog {
  readonly upstream: string;
  readonly arrivals: readonly LoggedArrival[];
  /** Converts real time to the log's time. */
  readonly projectTime?: ProjectTime;
}

/** An account's name has the same hash digits, after its upstream, see `accountOf`. */
export const isOf = ({ key }: LoggedArrival, account: string): boolean =>
  account.replace(`${upstreamOf(account)}:`, '').startsWith(`key-${key}`);

export type LoggedTime = ReturnType<typeof loggedTime>;

/** The time span that the log covers. */
export function loggedTime(arrivals: readonly LoggedArrival[]) {
  const times = arrivals.map(({ arrivedAt }) => arrivedAt);
  return {
    from: times.reduce((a, b) => Math.min(a, b), Infinity),
    to: times.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}

/** Clocks differ: an arrival this far outside an interval still matches. Project ms. */
export const clockSlackMs = 1_000;

/** Latest arrival by the sandbox's clock; the ledger's time lags behind it after a takeover. */
export const arrivesBy = ({ arrivesBy, lag }: StartedCall): number => arrivesBy + lag;

export type Matching = ReturnType<typeof matchWithin>;

/** Matches arrivals, oldest first, to calls by their intervals; with clock slack only if that matches more. */
export function match(calls: readonly StartedCall[], arrivals: readonly LoggedArrival[]): Matching {
  const exact = matchWithin(0, calls, arrivals);
  if (exact.unmatched.length === 0) return exact;
  const loose = matchWithin(clockSlackMs, calls, arrivals);
  return loose.unmatched.length < exact.unmatched.length ? loose : exact;
}

/** Earliest deadline first, which gives the most matches. */
function matchWithin(slackMs: number, calls: readonly StartedCall[], arrivals: readonly LoggedArrival[]) {
  const upcoming = calls.toSorted((a, b) => a.startedAt - b.startedAt);
  const pairs: Array<{ arrival: LoggedArrival; call: StartedCall }> = [];
  const unmatched: LoggedArrival[] = [];
  /** Calls that can arrive now; the earliest deadline is last. */
  const open: StartedCall[] = [];
  let next = 0;
  for (const arrival of arrivals) {
    const { arrivedAt } = arrival;
    for (let call = upcoming[next]; call && call.startedAt - slackMs <= arrivedAt; call = upcoming[next]) {
      const place = open.findIndex((other) => arrivesBy(other) <= arrivesBy(call));
      open.splice(place === -1 ? open.length : place, 0, call);
      next += 1;
    }
    let call = open.pop();
    while (call && arrivesBy(call) + slackMs < arrivedAt) call = open.pop();
    if (call) pairs.push({ arrival, call });
    else unmatched.push(arrival);
  }
  return { pairs, unmatched };
}
