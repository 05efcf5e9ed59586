import { type Lane, laneNames } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';

/*
 * The batcher collects riders for bulk calls. It has at most one permit request waiting for all its members, in the lane
 * of the most urgent one. The riders of a call are chosen once the permit is granted.
 *
 *   idle        No member needs a call, or the maximum number of calls is in flight.
 *   collecting  A rider was added: others can join for two seconds, then a permit is requested.
 *   requesting  A request waits at the limiter. When its members need another lane, it changes lane and keeps its age.
 *   backoff     The last permit was refused or unused, or its call failed: no request for 30 s, or until a call of any
 *               process ends.
 *
 *   idle ─ add ─▶ collecting ─ 2 s ─▶ requesting ─ sent ─▶ idle
 *   idle ─ other lanes ─────────────▶ requesting ─ unused, failed ─▶ backoff ─ 30 s ─▶ requesting, idle
 */
export type BatcherState = BatcherMode & {
  /** Calls of this process that were sent and have no response yet. */
  readonly inFlight: number;
  /** Number of requests made; also the id of the last one. */
  readonly requests: number;
};

type BatcherMode =
  | { readonly mode: 'idle' }
  | { readonly mode: 'collecting' }
  | {
      readonly mode: 'requesting';
      readonly lane: Lane;
      readonly since: number;
      readonly estimate: Waiting | undefined;
    }
  | { readonly mode: 'backoff'; readonly estimate: Waiting | undefined };

export type BatcherEvent =
  /** A member joined, left or needs another lane. */
  | { readonly type: 'demand changed' }
  | { readonly type: 'collected' | 'backoff over' }
  /** The limiter has estimated when a request is granted. */
  | { readonly type: 'estimate'; readonly request: number; readonly estimate: Waiting }
  /** The call of a request was sent; the members are notified after this event. */
  | { readonly type: 'sent'; readonly request: number }
  /** A call was answered or lost; the members have been notified. */
  | { readonly type: 'call ended'; readonly own: boolean }
  | { readonly type: 'request ended'; readonly request: number; readonly how: RequestEnd };

/** `unused`: there was no rider to fetch. `closedUntil`: no permit is granted before, project ms. */
export type RequestEnd =
  | { readonly outcome: 'answered' | 'withdrawn' | 'unused' }
  | { readonly outcome: 'failed'; readonly closedUntil?: number };

export interface BatcherRequest {
  readonly type: 'request';
  readonly request: number;
  readonly lane: Lane;
  /** Since when a call is needed (project ms): the age of the request. */
  readonly since: number;
}

export type BatcherEffect =
  | BatcherRequest
  | { readonly type: 'withdraw'; readonly request: number }
  /** Reports to the members when the next call is expected; undefined when none is requested. */
  | { readonly type: 'announce'; readonly estimate: Waiting | undefined }
  /** Reports to the members that a permit was not used. */
  | { readonly type: 'announceUnused' }
  | { readonly type: 'startTimer' | 'stopTimer'; readonly timer: BatcherTimer };

export type BatcherTimer = 'collect' | 'backoff';

/** Project ms. */
export const timerMs: Readonly<Record<BatcherTimer, number>> = { collect: 2_000, backoff: 30_000 };
export const timerEvents = { collect: { type: 'collected' }, backoff: { type: 'backoff over' } } as const;

/** What the members need now. */
export interface Demand {
  /** The lane of the most urgent member; undefined when none needs a call. */
  readonly lane: Lane | undefined;
  readonly now: number;
}

interface BatcherDecision {
  readonly state: BatcherState;
  readonly effects: readonly BatcherEffect[];
}

export const newBatcher: BatcherState = { mode: 'idle', inFlight: 0, requests: 0 };

/** Each call in flight holds a Postgres connection. */
const maxInFlight = 3;

export const addLane = 'manual_rider_add';

export const mostUrgent = (lanes: ReadonlyArray<Lane | undefined>): Lane | undefined =>
  laneNames.find((lane) => lanes.includes(lane));

/** When the next call is expected. */
export const estimateOf = (state: BatcherState): Waiting | undefined =>
  'estimate' in state ? state.estimate : undefined;

export function decide(state: BatcherState, event: BatcherEvent, demand: Demand): BatcherDecision {
  switch (event.type) {
    case 'demand changed':
      return followDemand(state, demand);
    case 'collected':
      return state.mode === 'collecting' ? request(idle(state), demand) : unchanged(state);
    case 'backoff over':
      if (state.mode !== 'backoff') return unchanged(state);
      return andThen({ state: idle(state), effects: withdrawEstimate(state) }, request, demand);
    case 'estimate': {
      if (!isCurrent(state, event.request)) return unchanged(state);
      const { estimate } = event;
      return { state: { ...state, estimate }, effects: [{ type: 'announce', estimate }] };
    }
    case 'sent': {
      const { state: left, effects } = isCurrent(state, event.request) ? leaveMode(state) : unchanged(state);
      return { state: { ...left, inFlight: left.inFlight + 1 }, effects };
    }
    case 'call ended': {
      const { state: left, effects } = state.mode === 'backoff' ? leaveMode(state) : unchanged(state);
      const inFlight = left.inFlight - (event.own ? 1 : 0);
      return andThen({ state: { ...left, inFlight }, effects }, followDemand, demand);
    }
    case 'request ended':
      return requestEnded(state, event.request, event.how, demand);
  }
}

function requestEnded(state: BatcherState, id: number, how: RequestEnd, demand: Demand): BatcherDecision {
  const left = isCurrent(state, id) ? leaveMode(state) : unchanged(state);
  const hasFailed = how.outcome === 'unused' || how.outcome === 'failed';
  const next = hasFailed ? andThen(left, backOff, how) : andThen(left, followDemand, demand);
  if (how.outcome !== 'unused') return next;
  return { ...next, effects: [...next.effects, { type: 'announceUnused' }] };
}

/** Starts, moves or withdraws the request as the members need it and the mode allows. */
function followDemand(state: BatcherState, demand: Demand): BatcherDecision {
  const { lane } = demand;
  if (state.mode === 'backoff') return unchanged(state);
  if (state.mode === 'requesting') return lane === state.lane ? unchanged(state) : changeLane(lane, state);
  if (lane !== addLane) return andThen(leaveMode(state), request, demand);
  if (state.mode === 'collecting' || isFull(state)) return unchanged(state);
  return {
    state: { ...countsOf(state), mode: 'collecting' },
    effects: [{ type: 'startTimer', timer: 'collect' }],
  };
}

/** Withdraws the request and, if a lane is still needed, makes another one of the same age. */
function changeLane(lane: Lane | undefined, state: BatcherState & { mode: 'requesting' }): BatcherDecision {
  const { since, estimate } = state;
  const withdraw = { type: 'withdraw', request: state.requests } as const;
  const again = request(idle(state), { lane, now: since });
  if (again.state.mode !== 'requesting')
    return { state: again.state, effects: [withdraw, { type: 'announce', estimate: undefined }] };
  return { state: { ...again.state, estimate }, effects: [withdraw, ...again.effects] };
}

function request(state: BatcherState, { lane, now: since }: Demand): BatcherDecision {
  if (lane === undefined || isFull(state)) return unchanged(state);
  const id = state.requests + 1;
  return {
    state: { ...countsOf(state), requests: id, mode: 'requesting', lane, since, estimate: undefined },
    effects: [{ type: 'request', request: id, lane, since }],
  };
}

/** Does nothing while another request waits. */
function backOff(state: BatcherState, how: RequestEnd): BatcherDecision {
  if (state.mode === 'requesting' || state.mode === 'backoff') return unchanged(state);
  const closed = how.outcome === 'failed' ? how.closedUntil : undefined;
  const estimate = closed === undefined ? undefined : closedEstimate(closed);
  return {
    state: { ...countsOf(state), mode: 'backoff', estimate },
    effects: [
      ...leaveMode(state).effects,
      ...(estimate ? [{ type: 'announce', estimate } as const] : []),
      { type: 'startTimer', timer: 'backoff' },
    ],
  };
}

/** Leaves the mode early. */
function leaveMode(state: BatcherState): BatcherDecision {
  const timer = timerOf[state.mode];
  return {
    state: idle(state),
    effects: [...(timer ? [{ type: 'stopTimer', timer } as const] : []), ...withdrawEstimate(state)],
  };
}

const timerOf: Partial<Record<BatcherState['mode'], BatcherTimer>> = {
  collecting: 'collect',
  backoff: 'backoff',
};

const withdrawEstimate = (state: BatcherState): BatcherEffect[] =>
  estimateOf(state) ? [{ type: 'announce', estimate: undefined }] : [];

const idle = (state: BatcherState): BatcherState => ({ ...countsOf(state), mode: 'idle' });

const unchanged = (state: BatcherState): BatcherDecision => ({ state, effects: [] });

function andThen<Facts>(
  first: BatcherDecision,
  next: (state: BatcherState, facts: Facts) => BatcherDecision,
  facts: Facts,
): BatcherDecision {
  const second = next(first.state, facts);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

const isFull = ({ inFlight }: BatcherState): boolean => inFlight >= maxInFlight;
const isCurrent = (state: BatcherState, id: number): state is BatcherState & { mode: 'requesting' } =>
  state.mode === 'requesting' && id === state.requests;
const countsOf = ({ inFlight, requests }: BatcherState) => ({ inFlight, requests });

/** The estimate while no bulk call can be made before `earliest`. */
const closedEstimate = (earliest: number): Waiting => ({
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'paused_by_upstream',
  estimatedAt: earliest,
  retryIn: timerMs.backoff,
});

/** Waits for riders that a bulk call can fetch. `Run`: a run that refreshes riders outside the clubs. */
export interface BatcherMember<Run, Change> {
  /** The lane in which it needs a bulk call now; undefined when it needs none. */
  lane(): Lane | undefined;
  readonly run?: Run;
  /** When the next bulk call is expected; undefined when none is requested. */
  estimate?(estimate: Waiting | undefined): void;
  /** A permit was not used, as there was no rider to fetch. */
  unused?(): void;
  /** A bulk call of this or another process was sent, answered or lost. */
  callChanged(change: Change): void;
}

/** Performs the effects that are decided, in a service or a simulation. */
export type BatcherPorts = { /** Project ms. */ readonly now: () => number } & {
  readonly [Type in Exclude<BatcherEffect['type'], 'announce' | 'announceUnused'>]: (
    effect: BatcherEffect & { type: Type },
  ) => void;
};

/** A batcher with its members. */
export class Batcher<Run, Change extends { readonly stage: 'sent' | 'answered' | 'lost' }> {
  readonly #ports: BatcherPorts;
  readonly #members = new Set<BatcherMember<Run, Change>>();
  #state = newBatcher;

  constructor(ports: BatcherPorts) {
    this.#ports = ports;
  }

  /** Returns a function that removes the member. */
  join(member: BatcherMember<Run, Change>): () => void {
    this.#members.add(member);
    const estimate = estimateOf(this.#state);
    if (estimate) member.estimate?.(estimate);
    this.reconsider();
    return () => {
      this.#members.delete(member);
      this.reconsider();
    };
  }

  /** Call when the needs of a member have changed. */
  reconsider(): void {
    this.dispatch({ type: 'demand changed' });
  }

  /** The open run, if a member has one. */
  get run(): Run | undefined {
    return [...this.#members].find(({ run }) => run)?.run;
  }

  dispatch(event: BatcherEvent): void {
    const lane = mostUrgent([...this.#members].map((member) => member.lane()));
    const { state, effects } = decide(this.#state, event, { lane, now: this.#ports.now() });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  /** @param own whether it is a call of this process */
  callChanged(change: Change, own: boolean): void {
    for (const member of this.#members) member.callChanged(change);
    this.dispatch(change.stage === 'sent' ? { type: 'demand changed' } : { type: 'call ended', own });
  }

  #perform(effect: BatcherEffect): void {
    if (effect.type === 'announce') for (const member of this.#members) member.estimate?.(effect.estimate);
    else if (effect.type === 'announceUnused') for (const member of this.#members) member.unused?.();
    else perform(this.#ports, effect);
  }
}

const perform = <Effect extends BatcherEffect & { type: keyof BatcherPorts }>(
  ports: BatcherPorts,
  effect: Effect,
): void => (ports[effect.type] as (effect: Effect) => void)(effect);
