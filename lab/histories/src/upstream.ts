import type { Outcome, Policy } from '@paceline/shared/contracts';
import type { Agenda } from '@paceline/kit/agenda';

/** The only budget in a history. */
export const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;

/** What upstream does with a call if its window has room: it may also know callers that we don't know of. */
export type Behavior = 'accepts' | 'rejects' | 'rejects with Retry-After';

/** Counts calls in an exact log, and reports its policy once that differs from the documented one. */
export interface Upstream {
  /** When each call arrived, by its permit. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** Sends a call; `answer` is called when it has arrived. */
  send(permit: string, arrivesIn: number, behavior: Behavior, answer: (outcome: Outcome) => void): void;
  /** Enforces another policy from now on. */
  setPolicy(policy: Policy): void;
}

export function createUpstream(agenda: Agenda, documented: Policy): Upstream {
  const arrivals = new Map<string, number>();
  let policy = documented;

  function decide(behavior: Behavior): Outcome {
    const isOther = policy !== documented;
    const now = agenda.now();
    const inWindow = [...arrivals.values()].filter((at) => at > now - policy.windowMs);
    if (behavior === 'accepts' && inWindow.length <= policy.limit)
      return { result: 'answered', status: 200, ...(isOther && { advertised: policy }) };
    const opensAt = (inWindow.at(-policy.limit) ?? now) + policy.windowMs;
    const named = behavior === 'rejects' ? {} : { retryAfterMs: opensAt - now };
    return { result: 'answered', status: 429, ...named, ...(isOther && { learned: policy }) };
  }

  return {
    arrivals,
    send(permit, arrivesIn, behavior, answer) {
      agenda.in(arrivesIn, () => {
        if (arrivals.has(permit)) throw new Error(`${permit} was used twice`);
        arrivals.set(permit, agenda.now());
        answer(decide(behavior));
      });
    },
    setPolicy(next) {
      policy = next;
    },
  };
}

const countFrom = (arrivals: readonly number[], from: number, windowMs: number): number =>
  arrivals.filter((at) => at >= from && at < from + windowMs).length;

/** The most arrivals in any interval of the window's length, wherever it starts. */
export const maxInWindow = (arrivals: readonly number[], windowMs: number): number =>
  Math.max(0, ...arrivals.map((from) => countFrom(arrivals, from, windowMs)));

/** The same, of intervals that contain `at`. */
export const maxInWindowAround = (arrivals: readonly number[], windowMs: number, at: number): number =>
  Math.max(
    0,
    ...arrivals
      .filter((from) => from <= at && at < from + windowMs)
      .map((from) => countFrom(arrivals, from, windowMs)),
  );

/** An upstream's way to count: takes arrivals in order, and returns whether it accepts each. */
type Judge = (policy: Policy) => (at: number) => boolean;

const sliding: Judge = ({ limit, windowMs }) => {
  let log: number[] = [];
  return (at) => {
    log = log.filter((each) => each > at - windowMs);
    if (log.length >= limit) return false;
    log.push(at);
    return true;
  };
};

/** A window opens with the first call while none is open. */
const firstHit: Judge = ({ limit, windowMs }) => {
  let [opened, count] = [-Infinity, 0];
  return (at) => {
    if (at >= opened + windowMs) [opened, count] = [at, 0];
    count += 1;
    return count <= limit;
  };
};

const clockAligned: Judge = ({ limit, windowMs }) => {
  let [window, count] = [-1, 0];
  return (at) => {
    const current = Math.floor(at / windowMs);
    if (current !== window) [window, count] = [current, 0];
    count += 1;
    return count <= limit;
  };
};

const judges = { sliding, firstHit, clockAligned };

/** How many calls each kind of upstream would have rejected. */
export function rejectedBy(arrivals: readonly number[], policy: Policy): Record<keyof typeof judges, number> {
  const count = (judge: Judge) => {
    const accepts = judge(policy);
    return arrivals.toSorted((a, b) => a - b).filter((at) => !accepts(at)).length;
  };
  return { sliding: count(sliding), firstHit: count(firstHit), clockAligned: count(clockAligned) };
}
