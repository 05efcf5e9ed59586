import { type BudgetName, budgets, type Lane, laneNames, mapValues } from '@paceline/shared/definition';
import { callTimeout, limitsOf } from '@paceline/shared/upstreams';
import type { Simulation } from '../simulation.ts';
import { waitFor, runScript, type Script, sleep } from '@paceline/kit/script';

export interface CallRequest {
  readonly budget: BudgetName;
  /** The lane can change while the request waits, as an event gets closer to its start. */
  lane(now: number): Lane;
  /** Deadline. */
  readonly until?: number | undefined;
  /** The target, chosen when the call can start; undefined if no call is needed any longer. */
  choose(): string | undefined;
}

export type CallResult =
  | { readonly outcome: 'answered'; readonly target: string; readonly arrivedAt: number }
  | { readonly outcome: 'not worth it' | 'too late' | 'failed' };

/** Waits until a call can start, makes it and repeats it after a 429. */
export type MakeCall = (request: CallRequest) => Script<CallResult>;

/** For calls that fail for other reasons than a limit. */
const maxAttempts = 3;

/** A sync that knows only its own answered calls: it spaces calls by them and pauses after a 429. */
export function createUncoordinatedCaller({
  scenario,
  agenda,
  clock,
  tally,
  upstream,
}: Simulation): MakeCall {
  const policies = limitsOf(scenario.definition.budgets, scenario.tier);
  const sent = new Map<BudgetName, number[]>();

  return function* (request) {
    const { budget } = request;
    const { limit, windowMs } = policies[budget];
    const wait = tally.startWait(request.lane(agenda.now()), agenda.now());
    for (let failures = 0; failures < maxAttempts;) {
      const leaves = (sent.get(budget) ?? []).at(-limit);
      if (leaves !== undefined && leaves + windowMs > agenda.now()) {
        yield* sleep(agenda, leaves + windowMs - agenda.now());
        continue;
      }
      const target = request.choose();
      if (target === undefined) {
        wait.end(agenda.now());
        return { outcome: 'not worth it' };
      }
      const sentAt = agenda.now();
      const call = { budget, lane: request.lane(sentAt), target };
      const response = yield* upstream.call(call, callTimeout(scenario.definition.endpoints[budget], clock));
      if (response.status === 200) {
        wait.end(sentAt);
        sent.set(budget, [...(sent.get(budget) ?? []).slice(1 - limit), sentAt]);
        return { outcome: 'answered', target, arrivedAt: response.arrivedAt };
      }
      if (response.status === 429) {
        tally.recordConflict();
        yield* sleep(agenda, response.retryAfterMs);
      } else failures += 1;
    }
    wait.end(agenda.now());
    return { outcome: 'failed' };
  };
}

/** Lower ranks first, then earlier requests. */
export type Rank = (request: CallRequest, now: number) => number;

/** The design's priorities: strictly by lane, however long others have waited. */
export const byPriority: Rank = (request, now) => laneNames.indexOf(request.lane(now));

export const byArrival: Rank = () => 0;

interface QueueEntry {
  readonly request: CallRequest;
  readonly since: number;
  /** Breaks ties: first added, first called. */
  readonly order: number;
  failures: number;
  readonly wait: { end(at: number): void };
  readonly end: (end: CallResult) => void;
}

interface Sent {
  readonly at: number;
  readonly lane: Lane;
}

/** State of the design's limiter for one budget. */
interface BudgetWindow {
  sent: Sent[];
  pausedUntil: number;
  waiting: QueueEntry[];
  wokenAt: number;
}

/**
 * The design's limiter: a sliding log of send times, and after a 429 a pause until the time that it names. Each budget
 * has its own queue, so that none delays another. One long function, because its parts share the windows.
 */
export function createQueue(simulation: Simulation, rank: Rank): MakeCall {
  const { scenario, agenda, clock, network, tally, upstream } = simulation;
  const policies = limitsOf(scenario.definition.budgets, scenario.tier);
  const windows = mapValues(budgets, (): BudgetWindow => ({
    sent: [],
    pausedUntil: 0,
    waiting: [],
    wokenAt: Infinity,
  }));
  let lastOrder = 0;

  function freeAt(budget: BudgetName, window: BudgetWindow): number {
    const { limit, windowMs } = policies[budget];
    window.sent = window.sent.filter(({ at }) => at + windowMs > agenda.now());
    const leaves = window.sent.at(-limit);
    return Math.max(window.pausedUntil, leaves === undefined ? 0 : leaves.at + windowMs);
  }

  function startCalls(budget: BudgetName): void {
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
        first.wait.end(agenda.now());
        first.end({ outcome: isLate ? 'too late' : 'not worth it' });
        continue;
      }
      const lane = first.request.lane(agenda.now());
      const sent = { at: agenda.now(), lane };
      window.sent.push(sent);
      first.wait.end(agenda.now());
      runScript(send(budget, first, sent, target));
    }
  }

  function wakeAt(budget: BudgetName, window: BudgetWindow, at: number): void {
    if (window.wokenAt <= at && window.wokenAt > agenda.now()) return;
    window.wokenAt = at;
    agenda.in(at - agenda.now(), () => startCalls(budget));
  }

  function takeFirst(window: BudgetWindow): QueueEntry {
    const now = agenda.now();
    const ranked = window.waiting.map((entry) => ({ entry, rank: rank(entry.request, now) }));
    const first = ranked.reduce((best, each) => (comesBefore(each, best) ? each : best));
    return window.waiting.splice(ranked.indexOf(first), 1)[0] as QueueEntry;
  }

  function* send(budget: BudgetName, entry: QueueEntry, sent: Sent, target: string): Script {
    const { lane } = sent;
    const response = yield* upstream.call(
      { budget, lane, target },
      callTimeout(scenario.definition.endpoints[budget], clock),
    );
    if (response.status === 200) {
      entry.end({ outcome: 'answered', target, arrivedAt: response.arrivedAt });
      return;
    }
    const window = windows[budget];
    if (response.status === 429) {
      window.pausedUntil = Math.max(window.pausedUntil, agenda.now() + response.retryAfterMs);
      // A rejected call does not occupy the window.
      window.sent = window.sent.filter((each) => each !== sent);
    } else entry.failures += 1;
    if (entry.failures === maxAttempts) entry.end({ outcome: 'failed' });
    else {
      // Keeps its position.
      window.waiting.push({ ...entry, wait: tally.startWait(lane, entry.since) });
      startCalls(budget);
    }
  }

  /** A request that waits behind calls or requests of another sync is a conflict. */
  function countConflict(window: BudgetWindow, lane: Lane): void {
    const others = [
      ...window.sent,
      ...window.waiting.map(({ request }) => ({ lane: request.lane(agenda.now()) })),
    ];
    const syncOf = (each: Lane) => scenario.definition.lanes[each]?.sync;
    if (others.some((other) => syncOf(other.lane) !== syncOf(lane))) tally.recordConflict();
  }

  return (request) =>
    waitFor<CallResult>((wake) => {
      const since = agenda.now();
      const lane = request.lane(since);
      const wait = tally.startWait(lane, since);
      // Request and reply, as with a limiter that is a service.
      agenda.in(network.broker() + network.broker(), () => {
        const window = windows[request.budget];
        const mustWait = freeAt(request.budget, window) > agenda.now() || window.waiting.length > 0;
        if (mustWait) countConflict(window, lane);
        window.waiting.push({ request, since, order: (lastOrder += 1), failures: 0, wait, end: wake });
        startCalls(request.budget);
      });
    });
}

const comesBefore = (
  a: { entry: QueueEntry; rank: number },
  b: { entry: QueueEntry; rank: number },
): boolean => (a.rank - b.rank || a.entry.since - b.entry.since || a.entry.order - b.entry.order) < 0;
