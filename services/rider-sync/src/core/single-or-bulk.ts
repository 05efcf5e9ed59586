import type { Progress, FetchMode } from '@paceline/shared/contracts';
import { budgets, type Lane } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import { progressOf } from './command.ts';

/*
 * A rider that is waited for comes by a GET or by the next bulk call, whichever has its permit first.
 *
 *   queued       A request for a GET waits at the limiter. The rider is listed for a bulk call too, as soon as one that
 *                left now would be answered first.
 *   single call  The GET is under way; bulk calls are ignored. Lost, it is requested again: queued.
 *   bulk call    A bulk call that has left has taken the rider; the request for a GET is withdrawn. Lost or long overdue:
 *                queued again, as old as before.
 *   bulk only    No GET can leave by the deadline. Waits for a bulk call; queued again when one leaves with others, as
 *                those make room among the GETs.
 *   ended        Stored, refused because neither way is open by the deadline, or failed.
 */
export type RiderFetch = FetchBasis & FetchPlace;

interface FetchBasis {
  /** When the next bulk call is expected to leave; undefined: none is requested. */
  readonly bulk: Waiting | undefined;
  /** Whether the rider is on the list that bulk calls take from: its row is written in between. */
  readonly listed: 'no' | 'soon' | 'yes';
  /** No permit is waited for after this moment, project ms. */
  readonly deadline: number;
}

type FetchPlace =
  | { readonly at: 'queued'; readonly single: Waiting | undefined }
  | { readonly at: 'single call' | 'bulk call' }
  /** `earliest`: when a GET could leave, project ms. */
  | { readonly at: 'bulk only'; readonly earliest: number }
  | { readonly at: 'ended' };

export type FetchEnd =
  | { readonly is: 'stored' }
  /** `earliest`: when the first of the two ways could be open, project ms. */
  | { readonly is: 'refused'; readonly earliest: number }
  | { readonly is: 'failed'; readonly error: unknown };

export type FetchEvent =
  /** What the limiter says of the request for a GET; after a permit: of the next one, as that GET was lost. */
  | { readonly type: 'single forecast'; readonly forecast: Waiting }
  /** There is a permit for the GET: it may be used if that leads to `single call`. */
  | { readonly type: 'single permitted' }
  /** The GET has failed for a reason that may pass, and is requested again. */
  | { readonly type: 'single lost' }
  | { readonly type: 'single refused'; readonly earliest: number }
  | { readonly type: 'bulk forecast'; readonly forecast: Waiting | undefined }
  | { readonly type: 'listed' }
  /** A bulk call has left, with the rider aboard or with others only. */
  | { readonly type: 'bulk sent'; readonly aboard: boolean; readonly sentAt: number }
  /** The bulk call with the rider aboard was answered: its outcome is stored. */
  | { readonly type: 'bulk answered' | 'bulk lost' | 'bulk overdue' }
  | FetchEnded;
/** The rider is stored, or nothing more can or shall be done. */
type FetchEnded = { readonly type: 'ended'; readonly end: FetchEnd };

export type FetchEffect =
  /** `list`: the rider is put on the list that bulk calls take from; `listed` has happened then. */
  | { readonly type: 'requestSingle' | 'withdrawSingle' | 'list' | 'readOutcome' }
  | { readonly type: 'report'; readonly progress: Progress }
  /** `overdueAt`: project ms; a later one replaces an earlier one. */
  | { readonly type: 'watchBulkCall'; readonly overdueAt: number }
  | { readonly type: 'end'; readonly end: FetchEnd };

interface FetchDecision {
  readonly state: RiderFetch;
  readonly effects: readonly FetchEffect[];
}

/** A GET is requested for it at once. */
export const newFetch = (deadline: number): RiderFetch => ({
  at: 'queued',
  single: undefined,
  bulk: undefined,
  listed: 'no',
  deadline,
});

/** Whether a bulk call is wanted for the rider: only one who is on the list can be taken. */
export const wantsBulk = ({ at, listed }: RiderFetch): boolean =>
  listed === 'yes' && (at === 'queued' || at === 'bulk only');

/** @param now project ms */
export function decide(state: RiderFetch, event: FetchEvent, now: number): FetchDecision {
  if (state.at === 'ended') return unchanged(state);
  switch (event.type) {
    case 'single forecast':
      if (state.at !== 'queued' && state.at !== 'single call') return unchanged(state);
      return expect({ ...knownOf(state), at: 'queued', single: event.forecast }, now);
    case 'single permitted':
      return state.at === 'queued' ? callSingle(state) : unchanged(state);
    case 'single lost':
      return state.at === 'single call'
        ? unchanged({ ...state, at: 'queued', single: undefined })
        : unchanged(state);
    case 'single refused':
      if (state.at === 'bulk call') return unchanged(state);
      return expect({ ...knownOf(state), at: 'bulk only', earliest: event.earliest }, now);
    case 'bulk forecast': {
      const known = { ...state, bulk: event.forecast };
      return event.forecast ? expect(known, now) : unchanged(known);
    }
    case 'listed':
      return unchanged({ ...state, listed: 'yes' });
    case 'bulk sent':
      if (event.aboard) return state.at === 'single call' ? unchanged(state) : board(state, event.sentAt);
      return state.at === 'bulk only' ? queue(state) : unchanged(state);
    case 'bulk lost':
      return state.at === 'bulk call' || state.at === 'bulk only' ? queue(state) : unchanged(state);
    case 'bulk overdue':
      return state.at === 'bulk call' ? queue(state) : unchanged(state);
    case 'bulk answered':
      return { state, effects: [{ type: 'readOutcome' }] };
    case 'ended':
      return end(state, event.end);
  }
}

/** Once more by what is known of the two ways: says how the rider is expected, and has it listed where a bulk call helps. */
function expect(state: RiderFetch, now: number): FetchDecision {
  if (state.at === 'bulk only') return expectBulk(state, now);
  if (state.at !== 'queued' || !state.single) return unchanged(state);
  const { single, bulk } = state;
  const bySingle = answeredAt('single', single.estimatedAt);
  if (bySingle <= answeredAt('bulk', now)) return report(state, progressOf(single, 'single'));
  const bulkIsFirst = bulk && answeredAt('bulk', bulk.estimatedAt) < bySingle;
  return list(report(state, bulkIsFirst ? progressOf(bulk, 'bulk') : progressOf(single, 'single')));
}

function expectBulk(state: RiderFetch & { at: 'bulk only' }, now: number): FetchDecision {
  const { bulk, deadline, earliest } = state;
  if (!bulk) return list(unchanged(state));
  const callAt = Math.max(now, bulk.estimatedAt);
  if (callAt > deadline) return end(state, { is: 'refused', earliest: Math.min(earliest, callAt) });
  return list(report(state, progressOf(bulk, 'bulk')));
}

/** Requests a GET; one that was requested before keeps its place by its age. */
const queue = (known: FetchBasis): FetchDecision => ({
  state: { ...knownOf(known), at: 'queued', single: undefined },
  effects: [{ type: 'requestSingle' }],
});

const callSingle = (known: FetchBasis): FetchDecision =>
  report({ ...knownOf(known), at: 'single call' }, { state: 'running', via: 'single' });

function board(state: RiderFetch, sentAt: number): FetchDecision {
  const { effects } = report(state, { state: 'running', via: 'bulk' });
  return {
    state: { ...knownOf(state), at: 'bulk call' },
    effects: [
      ...(state.at === 'queued' ? [{ type: 'withdrawSingle' } as const] : []),
      ...effects,
      { type: 'watchBulkCall', overdueAt: answeredAt('bulk', sentAt) + patienceMs },
    ],
  };
}

const end = (known: FetchBasis, how: FetchEnd): FetchDecision => ({
  state: { ...knownOf(known), at: 'ended' },
  effects: [{ type: 'end', end: how }],
});

const report = (state: RiderFetch, progress: Progress): FetchDecision => ({
  state,
  effects: [{ type: 'report', progress }],
});

function list({ state, effects }: FetchDecision): FetchDecision {
  if (state.listed !== 'no') return { state, effects };
  return { state: { ...state, listed: 'soon' }, effects: [...effects, { type: 'list' }] };
}

const unchanged = (state: RiderFetch): FetchDecision => ({ state, effects: [] });

const knownOf = ({ bulk, listed, deadline }: FetchBasis): FetchBasis => ({ bulk, listed, deadline });

/** When a call that leaves at `callAt` is answered, as far as calls of its kind usually take. */
const answeredAt = (way: FetchMode, callAt: number): number =>
  callAt + budgets[way === 'single' ? 'riders_single' : 'riders_bulk'].typicalMs;

/** A bulk call that takes so much longer than usual is overdue: a GET is requested beside it. Project ms. */
const patienceMs = 30_000;
/** Real ms: nor is it before the machine had this long more. */
export const leastPatienceMs = 2_000;

/** The world in which a rider is fetched, real or simulated: has what is decided done. Moments are project ms. */
export type FetchWorld = { readonly now: () => number } & {
  readonly [Type in FetchEffect['type']]: (effect: FetchEffect & { type: Type }) => void;
};

/** What is said of a bulk call. */
interface BulkMove {
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly riderIds: readonly number[];
  readonly sentAt: number;
}

/** A rider that is fetched, as a member of the batcher: has done what is decided. */
export class SingleOrBulk {
  readonly #riderId: number;
  readonly #lane: Lane;
  readonly #world: FetchWorld;
  #state: RiderFetch;

  constructor(rider: { riderId: number; lane: Lane; deadline: number }, world: FetchWorld) {
    this.#riderId = rider.riderId;
    this.#lane = rider.lane;
    this.#world = world;
    this.#state = newFetch(rider.deadline);
  }

  get state(): RiderFetch {
    return this.#state;
  }

  lane(): Lane | undefined {
    return wantsBulk(this.#state) ? this.#lane : undefined;
  }

  forecast(forecast: Waiting | undefined): void {
    this.happened({ type: 'bulk forecast', forecast });
  }

  moved({ stage, riderIds, sentAt }: BulkMove): void {
    const aboard = riderIds.includes(this.#riderId);
    if (stage === 'sent') this.happened({ type: 'bulk sent', aboard, sentAt });
    else if (aboard) this.happened({ type: `bulk ${stage}` });
  }

  /** Whether a permit for the GET may be used. */
  maySend(): boolean {
    this.happened({ type: 'single permitted' });
    return this.#state.at === 'single call';
  }

  happened(event: FetchEvent): void {
    const { state, effects } = decide(this.#state, event, this.#world.now());
    this.#state = state;
    for (const effect of effects) perform(this.#world, effect);
  }
}

const perform = <Effect extends FetchEffect>(world: FetchWorld, effect: Effect): void =>
  (world[effect.type] as (effect: Effect) => void)(effect);
