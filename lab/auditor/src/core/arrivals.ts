import type { Budget } from '@paceline/shared/definition';
import type { Policy } from '@paceline/shared/contracts';

/** A request as the sandbox's audit log has it, as far as it matters here. */
export interface Arrival {
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
  readonly arrivals: readonly Arrival[];
  /** What its moments are told by. */
  readonly projectTime?: ProjectTime;
}

/** An account's name begins with the same digits of the same hash, see `accountOf`. */
export const isOf = ({ key }: Arrival, account: string): boolean => account.startsWith(`key-${key}`);

/** What can be told to have arrived, or not: nothing is known of before the log begins, nor of what is yet to come. */
export interface Watched {
  readonly from: number;
  readonly to: number;
}

export function watchedBy(arrivals: readonly Arrival[]): Watched {
  const moments = arrivals.map(({ arrivedAt }) => arrivedAt);
  return {
    from: moments.reduce((a, b) => Math.min(a, b), Infinity),
    to: moments.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}
