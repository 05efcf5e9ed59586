import { syncOf } from '@paceline/limiter/core/acquire';
import { callTimeout } from '@paceline/shared/config';
import { type Budget, budgets, type Lane, laneNames, limitsOf, mapValues } from '@paceline/shared/definition';
import type { Life } from '../life.ts';
import { waitFor, runScript, type Script, sleep } from '@paceline/kit/script';

/** A call that a sync wants to make. */
export interface CallRequest {
  readonly budget: Budget;
  /** As it is by then: an event comes closer to its start while it waits. */
  lane(now: number): Lane;
  /** After this moment it is of no use. */
  readonly until?: number | undefined;
  /** What to call when it is time; undefined: nothing any more. */
  choose(): string | undefined;
}

export type CallResult =
  | { readonly is: 'answered'; readonly target: string; readonly arrivedAt: number }
  | { readonly is: 'not worth it' | 'too late' | 'failed' };

/** Waits for a turn, calls, and waits for the answer; repeats what was rejected. */
export type Caller = (request: CallRequest) => Script<CallResult>;

/** As often a call is made that fails for another reason than a limit. */
const attempts = 3;

/** A sync that knows of no other: it spaces its calls by those of its own that were answered, and heeds a 429. */
export function createLoner({ scenario, agenda, clock, tally, upstream }: Life): Caller {
  const policies = limitsOf(scenario.tier);
  const sent = new Map<Budget, number[]>();

  return function* (request) {
    const { budget } = request;
    const { limit, windowMs } = policies[budget];
    const wait = tally.wants(request.lane(agenda.now()), agenda.now());
    for (let failures = 0; failures < attempts;) {
      const leaves = (sent.get(budget) ?? []).at(-limit);
      if (leaves !== undefined && leaves + windowMs > agenda.now()) {
        yield* sleep(agenda, leaves + windowMs - agenda.now());
        continue;
      }
      const target = request.choose();
      if (target === undefined) {
        wait.leave(agenda.now());
        return { is: 'not worth it' };
      }
      const sentAt = agenda.now();
      const call = { budget, lane: request.lane(sentAt), target };
      const response = yield* upstream.call(call, callTimeout(budget, clock));
      if (response.status === 200) {
        wait.leave(sentAt);
        sent.set(budget, [...(sent.get(budget) ?? []).slice(1 - limit), sentAt]);
        return { is: 'answered', target, arrivedAt: response.arrivedAt };
      }
      if (response.status === 429) {
        tally.conflict();
        yield* sleep(agenda, response.retryAfterMs);
      } else failures += 1;
    }
    wait.leave(agenda.now());
    return { is: 'failed' };
  };
}

/** The smaller rank goes first, then the earlier request. */
export type Rank = (request: CallRequest, now: number) => number;

/** The design's priorities: the more urgent lane goes first, however long the others have waited. */
export const byPriority: Rank = (request, now) => laneNames.indexOf(request.lane(now));

/** First come, first served. */
export const byArrival: Rank = () => 0;

/** A request that waits in the line. */
interface Entry {
  readonly request: CallRequest;
  readonly since: number;
  /** Of those that came at once the one that was entered first goes first. */
  readonly order: number;
  failures: number;
  readonly wait: { leave(at: number): void };
  readonly end: (end: CallResult) => void;
}

interface Sent {
  readonly at: number;
  readonly lane: Lane;
}

/** What the design's limiter knows of a budget. */
interface Window {
  sent: Sent[];
  pausedUntil: number;
  waiting: Entry[];
  wokenAt: number;
}

/**
 * The design's limiter, one for all: a sliding log of the moments of SENDING, and a pause until the named moment after
 * a 429. There is a line for each budget, so that no budget holds up another. Long: its small functions share the windows.
 */
export function createLine(life: Life, rank: Rank): Caller {
  const { scenario, agenda, clock, network, tally, upstream } = life;
  const policies = limitsOf(scenario.tier);
  const windows = mapValues(budgets, (): Window => ({
    sent: [],
    pausedUntil: 0,
    waiting: [],
    wokenAt: Infinity,
  }));
  let entered = 0;

  function freeAt(budget: Budget, window: Window): number {
    const { limit, windowMs } = policies[budget];
    window.sent = window.sent.filter(({ at }) => at + windowMs > agenda.now());
    const leaves = window.sent.at(-limit);
    return Math.max(window.pausedUntil, leaves === undefined ? 0 : leaves.at + windowMs);
  }

  function serve(budget: Budget): void {
    const window = windows[budget];
    while (window.waiting.length > 0) {
      const free = freeAt(budget, window);
      if (free > agenda.now()) {
        wakeAt(budget, window, free);
        return;
      }
      const first = takeFirst(window);
      const target = first.request.choose();
      const isLate = (first.request.until ?? Infinity) <= agenda.now();
      if (isLate || target === undefined) {
        first.wait.leave(agenda.now());
        first.end({ is: isLate ? 'too late' : 'not worth it' });
        continue;
      }
      const lane = first.request.lane(agenda.now());
      const sent = { at: agenda.now(), lane };
      window.sent.push(sent);
      first.wait.leave(agenda.now());
      runScript(send(budget, first, sent, target));
    }
  }

  function wakeAt(budget: Budget, window: Window, at: number): void {
    if (window.wokenAt <= at && window.wokenAt > agenda.now()) return;
    window.wokenAt = at;
    agenda.in(at - agenda.now(), () => serve(budget));
  }

  function takeFirst(window: Window): Entry {
    const now = agenda.now();
    const ranked = window.waiting.map((entry) => ({ entry, rank: rank(entry.request, now) }));
    const first = ranked.reduce((best, each) => (comesBefore(each, best) ? each : best));
    return window.waiting.splice(ranked.indexOf(first), 1)[0] as Entry;
  }

  function* send(budget: Budget, entry: Entry, sent: Sent, target: string): Script {
    const { lane } = sent;
    const response = yield* upstream.call({ budget, lane, target }, callTimeout(budget, clock));
    if (response.status === 200) {
      entry.end({ is: 'answered', target, arrivedAt: response.arrivedAt });
      return;
    }
    const window = windows[budget];
    if (response.status === 429) {
      window.pausedUntil = Math.max(window.pausedUntil, agenda.now() + response.retryAfterMs);
      // A call that upstream did not let in takes no place.
      window.sent = window.sent.filter((each) => each !== sent);
    } else entry.failures += 1;
    if (entry.failures === attempts) entry.end({ is: 'failed' });
    else {
      // It keeps its place.
      window.waiting.push({ ...entry, wait: tally.wants(lane, entry.since) });
      serve(budget);
    }
  }

  /** Who waits because of another sync: its calls fill the window, or it stands in the line. */
  function noteConflict(window: Window, lane: Lane): void {
    const others = [
      ...window.sent,
      ...window.waiting.map(({ request }) => ({ lane: request.lane(agenda.now()) })),
    ];
    if (others.some((other) => syncOf(other.lane) !== syncOf(lane))) tally.conflict();
  }

  return (request) =>
    waitFor<CallResult>((wake) => {
      const since = agenda.now();
      const lane = request.lane(since);
      const wait = tally.wants(lane, since);
      // There and back, as every permit of a limiter that is a service.
      agenda.in(network.broker() + network.broker(), () => {
        const window = windows[request.budget];
        const mustWait = freeAt(request.budget, window) > agenda.now() || window.waiting.length > 0;
        if (mustWait) noteConflict(window, lane);
        window.waiting.push({ request, since, order: (entered += 1), failures: 0, wait, end: wake });
        serve(request.budget);
      });
    });
}

const comesBefore = (a: { entry: Entry; rank: number }, b: { entry: Entry; rank: number }): boolean =>
  (a.rank - b.rank || a.entry.since - b.entry.since || a.entry.order - b.entry.order) < 0;
