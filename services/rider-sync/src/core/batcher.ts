import { type Lane, laneNames } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';

/*
 * The batcher collects riders for bulk calls. For all its members together it keeps at most one request for a permit, in
 * the lane of the most urgent one; the riders of the call are chosen when the permit is there.
 *
 *   idle        No member wants a call, or as many are in flight as one process may have.
 *   gathering   A rider was added: for two seconds others may join, then a permit is requested.
 *   requesting  One request waits at the limiter. It moves to another lane with its members and keeps its age.
 *   resting     The last permit was refused, of no use, or its call has failed: no request for half a minute, or until
 *               a call of any process has ended.
 *
 *   idle ─ add ─▶ gathering ─ 2 s ─▶ requesting ─ sent ─▶ idle
 *   idle ─ other lanes ────────────▶ requesting ─ unused, failed ─▶ resting ─ 30 s ─▶ requesting, idle
 */
export type BatcherState = BatcherMode & {
  /** Calls of this process that have left and are not answered yet. */
  readonly inFlight: number;
  /** How many requests were made; the last one's number is its id. */
  readonly requests: number;
};

type BatcherMode =
  | { readonly mode: 'idle' }
  | { readonly mode: 'gathering' }
  | {
      readonly mode: 'requesting';
      readonly lane: Lane;
      readonly since: number;
      readonly forecast: Waiting | undefined;
    }
  | { readonly mode: 'resting'; readonly forecast: Waiting | undefined };

export type BatcherEvent =
  /** A member has joined, left, or wants another lane. */
  | { readonly type: 'demand changed' }
  /** A timer is over. */
  | { readonly type: 'gathered' | 'rested' }
  /** What the limiter says of a request. */
  | { readonly type: 'forecast'; readonly request: number; readonly forecast: Waiting }
  /** The call of a request has left; its members hear of it next. */
  | { readonly type: 'sent'; readonly request: number }
  /** A call was answered or lost, and the members have heard of it. */
  | { readonly type: 'call ended'; readonly own: boolean }
  | { readonly type: 'request ended'; readonly request: number; readonly how: RequestEnd };

/** `unused`: there was no rider to fetch. `closedUntil`: no permit is given before, project ms. */
export type RequestEnd =
  | { readonly is: 'answered' | 'withdrawn' | 'unused' }
  | { readonly is: 'failed'; readonly closedUntil?: number };

export interface BatcherRequest {
  readonly type: 'request';
  readonly request: number;
  readonly lane: Lane;
  /** Its age: since when a call is wanted, project ms. */
  readonly since: number;
}

export type BatcherEffect =
  | BatcherRequest
  | { readonly type: 'withdraw'; readonly request: number }
  /** Tells the members when the next call is expected to leave; undefined: none is requested. */
  | { readonly type: 'announce'; readonly forecast: Waiting | undefined }
  /** Tells the members that a permit was of no use. */
  | { readonly type: 'announceUnused' }
  | { readonly type: 'startTimer' | 'stopTimer'; readonly timer: BatcherTimer };

export type BatcherTimer = 'gather' | 'rest';

/** How long they run, project ms. A rest gives whatever has failed time to pass. */
export const timerMs: Readonly<Record<BatcherTimer, number>> = { gather: 2_000, rest: 30_000 };
export const timerOver = { gather: { type: 'gathered' }, rest: { type: 'rested' } } as const;

/** What the members want now. */
export interface Demand {
  /** The lane of the most urgent one; undefined: none wants a call. */
  readonly lane: Lane | undefined;
  readonly now: number;
}

interface BatcherDecision {
  readonly state: BatcherState;
  readonly effects: readonly BatcherEffect[];
}

export const newBatcher: BatcherState = { mode: 'idle', inFlight: 0, requests: 0 };

/** Each call that is in flight holds a connection to Postgres. */
const mostInFlight = 3;

export const addLane = 'manual_rider_add';

export const mostUrgent = (lanes: ReadonlyArray<Lane | undefined>): Lane | undefined =>
  laneNames.find((lane) => lanes.includes(lane));

/** What the members know of the next call. */
export const forecastOf = (state: BatcherState): Waiting | undefined =>
  'forecast' in state ? state.forecast : undefined;

export function decide(state: BatcherState, event: BatcherEvent, demand: Demand): BatcherDecision {
  switch (event.type) {
    case 'demand changed':
      return follow(state, demand);
    case 'gathered':
      return state.mode === 'gathering' ? request(idle(state), demand) : unchanged(state);
    case 'rested':
      if (state.mode !== 'resting') return unchanged(state);
      return then({ state: idle(state), effects: silence(state) }, request, demand);
    case 'forecast': {
      if (!isCurrent(state, event.request)) return unchanged(state);
      const { forecast } = event;
      return { state: { ...state, forecast }, effects: [{ type: 'announce', forecast }] };
    }
    case 'sent': {
      const { state: left, effects } = isCurrent(state, event.request) ? leave(state) : unchanged(state);
      return { state: { ...left, inFlight: left.inFlight + 1 }, effects };
    }
    case 'call ended': {
      const { state: left, effects } = state.mode === 'resting' ? leave(state) : unchanged(state);
      const inFlight = left.inFlight - (event.own ? 1 : 0);
      return then({ state: { ...left, inFlight }, effects }, follow, demand);
    }
    case 'request ended':
      return requestEnded(state, event.request, event.how, demand);
  }
}

function requestEnded(state: BatcherState, id: number, how: RequestEnd, demand: Demand): BatcherDecision {
  const over = isCurrent(state, id) ? leave(state) : unchanged(state);
  const broughtNothing = how.is === 'unused' || how.is === 'failed';
  const next = broughtNothing ? then(over, rest, how) : then(over, follow, demand);
  if (how.is !== 'unused') return next;
  return { ...next, effects: [...next.effects, { type: 'announceUnused' }] };
}

/** Does what the members want, as far as the mode allows. */
function follow(state: BatcherState, demand: Demand): BatcherDecision {
  const { lane } = demand;
  if (state.mode === 'resting') return unchanged(state);
  if (state.mode === 'requesting') return lane === state.lane ? unchanged(state) : moveTo(lane, state);
  if (lane !== addLane) return then(leave(state), request, demand);
  if (state.mode === 'gathering' || isFull(state)) return unchanged(state);
  return {
    state: { ...countsOf(state), mode: 'gathering' },
    effects: [{ type: 'startTimer', timer: 'gather' }],
  };
}

/** Withdraws the request, and makes another one of the same age where a lane is still wanted. */
function moveTo(lane: Lane | undefined, state: BatcherState & { mode: 'requesting' }): BatcherDecision {
  const { since, forecast } = state;
  const withdraw = { type: 'withdraw', request: state.requests } as const;
  const again = request(idle(state), { lane, now: since });
  if (again.state.mode !== 'requesting')
    return { state: again.state, effects: [withdraw, { type: 'announce', forecast: undefined }] };
  return { state: { ...again.state, forecast }, effects: [withdraw, ...again.effects] };
}

function request(state: BatcherState, { lane, now: since }: Demand): BatcherDecision {
  if (lane === undefined || isFull(state)) return unchanged(state);
  const id = state.requests + 1;
  return {
    state: { ...countsOf(state), requests: id, mode: 'requesting', lane, since, forecast: undefined },
    effects: [{ type: 'request', request: id, lane, since }],
  };
}

/** Not while another request waits. */
function rest(state: BatcherState, how: RequestEnd): BatcherDecision {
  if (state.mode === 'requesting' || state.mode === 'resting') return unchanged(state);
  const closed = how.is === 'failed' ? how.closedUntil : undefined;
  const forecast = closed === undefined ? undefined : closedForecast(closed);
  return {
    state: { ...countsOf(state), mode: 'resting', forecast },
    effects: [
      ...leave(state).effects,
      ...(forecast ? [{ type: 'announce', forecast } as const] : []),
      { type: 'startTimer', timer: 'rest' },
    ],
  };
}

/** Ends the mode before its time. */
function leave(state: BatcherState): BatcherDecision {
  const timer = timerOf[state.mode];
  return {
    state: idle(state),
    effects: [...(timer ? [{ type: 'stopTimer', timer } as const] : []), ...silence(state)],
  };
}

const timerOf: Partial<Record<BatcherState['mode'], BatcherTimer>> = { gathering: 'gather', resting: 'rest' };

const silence = (state: BatcherState): BatcherEffect[] =>
  forecastOf(state) ? [{ type: 'announce', forecast: undefined }] : [];

const idle = (state: BatcherState): BatcherState => ({ ...countsOf(state), mode: 'idle' });

const unchanged = (state: BatcherState): BatcherDecision => ({ state, effects: [] });

function then<Facts>(
  first: BatcherDecision,
  next: (state: BatcherState, facts: Facts) => BatcherDecision,
  facts: Facts,
): BatcherDecision {
  const second = next(first.state, facts);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

const isFull = ({ inFlight }: BatcherState): boolean => inFlight >= mostInFlight;
const isCurrent = (state: BatcherState, id: number): state is BatcherState & { mode: 'requesting' } =>
  state.mode === 'requesting' && id === state.requests;
const countsOf = ({ inFlight, requests }: BatcherState) => ({ inFlight, requests });

/** Upstream gives this key no riders for now. */
const closedForecast = (earliest: number): Waiting => ({
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'paused_by_upstream',
  estimatedAt: earliest,
  retryIn: timerMs.rest,
});

/** Waits for riders that a bulk call could bring. `Run` refreshes riders outside the clubs, `Move` tells of a bulk call. */
export interface BatcherMember<Run, Move> {
  /** The lane in which it wants a bulk call now; undefined: just now it wants none. */
  lane(): Lane | undefined;
  readonly run?: Run;
  /** When the next bulk call is expected to leave; undefined: none is requested. */
  forecast?(forecast: Waiting | undefined): void;
  /** A permit was of no use: there was no rider to fetch. */
  unused?(): void;
  /** A bulk call, of this process or another one, has left, was answered or was lost. */
  moved(move: Move): void;
}

/** The world in which a batcher lives, real or simulated: has done what is decided. */
export type BatcherWorld = { /** Project ms. */ readonly now: () => number } & {
  readonly [Type in Exclude<BatcherEffect['type'], 'announce' | 'announceUnused'>]: (
    effect: BatcherEffect & { type: Type },
  ) => void;
};

/** A batcher with its members: has done what is decided. */
export class Batcher<Run, Move extends { readonly stage: 'sent' | 'answered' | 'lost' }> {
  readonly #world: BatcherWorld;
  readonly #members = new Set<BatcherMember<Run, Move>>();
  #state = newBatcher;

  constructor(world: BatcherWorld) {
    this.#world = world;
  }

  /** Returns how to leave. */
  join(member: BatcherMember<Run, Move>): () => void {
    this.#members.add(member);
    const forecast = forecastOf(this.#state);
    if (forecast) member.forecast?.(forecast);
    this.reconsider();
    return () => {
      this.#members.delete(member);
      this.reconsider();
    };
  }

  /** What a member wants has changed. */
  reconsider(): void {
    this.happened({ type: 'demand changed' });
  }

  /** The open run, if a member has one. */
  get run(): Run | undefined {
    return [...this.#members].find(({ run }) => run)?.run;
  }

  happened(event: BatcherEvent): void {
    const lane = mostUrgent([...this.#members].map((member) => member.lane()));
    const { state, effects } = decide(this.#state, event, { lane, now: this.#world.now() });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  /** @param own whether it is a call of this process */
  moved(move: Move, own: boolean): void {
    for (const member of this.#members) member.moved(move);
    this.happened(move.stage === 'sent' ? { type: 'demand changed' } : { type: 'call ended', own });
  }

  #perform(effect: BatcherEffect): void {
    if (effect.type === 'announce') for (const member of this.#members) member.forecast?.(effect.forecast);
    else if (effect.type === 'announceUnused') for (const member of this.#members) member.unused?.();
    else perform(this.#world, effect);
  }
}

const perform = <Effect extends BatcherEffect & { type: keyof BatcherWorld }>(
  world: BatcherWorld,
  effect: Effect,
): void => (world[effect.type] as (effect: Effect) => void)(effect);
