import type { Outcome, Policy } from '@paceline/shared/contracts';
import type { Agenda } from '@paceline/kit/agenda';

/** The one budget that is looked at. */
export const place = { account: 'team', endpoint: 'riders_single' } as const;

/** What upstream does with a call by itself: it also knows callers that we do not know of. */
export type Mood = 'lets in' | 'rejects' | 'rejects, and names the moment';

/** Counts by an exact log of what arrived, and says what it enforces once that is not what it documents. */
export interface Upstream {
  /** When each call arrived, by its permit. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** A call is on its way; `answer` is called when it has arrived. */
  send(permit: string, arrivesIn: number, mood: Mood, answer: (outcome: Outcome) => void): void;
  /** From now on another policy is enforced. */
  change(policy: Policy): void;
}

export function createUpstream(agenda: Agenda, documented: Policy): Upstream {
  const arrivals = new Map<string, number>();
  let policy = documented;

  function judge(mood: Mood): Outcome {
    const learned = policy === documented ? {} : { learned: policy };
    const now = agenda.now();
    const inWindow = [...arrivals.values()].filter((at) => at > now - policy.windowMs);
    if (mood === 'lets in' && inWindow.length <= policy.limit)
      return { result: 'answered', status: 200, ...learned };
    const opensAt = (inWindow.at(-policy.limit) ?? now) + policy.windowMs;
    const named = mood === 'rejects' ? {} : { retryAfterMs: opensAt - now };
    return { result: 'answered', status: 429, ...named, ...learned };
  }

  return {
    arrivals,
    send(permit, arrivesIn, mood, answer) {
      agenda.in(arrivesIn, () => {
        if (arrivals.has(permit)) throw new Error(`${permit} was used twice`);
        arrivals.set(permit, agenda.now());
        answer(judge(mood));
      });
    },
    change(next) {
      policy = next;
    },
  };
}

const countFrom = (arrivals: readonly number[], from: number, windowMs: number): number =>
  arrivals.filter((at) => at >= from && at < from + windowMs).length;

/** The most arrivals that any interval of the window's length holds, wherever it begins. */
export const fullest = (arrivals: readonly number[], windowMs: number): number =>
  Math.max(0, ...arrivals.map((from) => countFrom(arrivals, from, windowMs)));

/** The same, of those intervals that hold the moment `at`. */
export const fullestWith = (arrivals: readonly number[], windowMs: number, at: number): number =>
  Math.max(
    0,
    ...arrivals
      .filter((from) => from <= at && at < from + windowMs)
      .map((from) => countFrom(arrivals, from, windowMs)),
  );

/** Upstream as it may count: takes arrivals in their order, and says which it lets in. */
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

/** A window opens with the first call that finds none open. */
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
    const letsIn = judge(policy);
    return arrivals.toSorted((a, b) => a - b).filter((at) => !letsIn(at)).length;
  };
  return { sliding: count(sliding), firstHit: count(firstHit), clockAligned: count(clockAligned) };
}
