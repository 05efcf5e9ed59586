import type { Progress, FetchMode, Refusal } from '@paceline/shared/contracts';
import { type Lane } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import { progressOf } from './command.ts';

/*
 * Fetches a rider by a GET or by the next bulk call, whichever gets its permit first.
 *
 *   queued       A GET waits for its permit. The rider is also listed for bulk calls once a bulk call sent now would be
 *                answered sooner.
 *   single call  The GET is in flight; bulk calls are ignored. If it is lost: queued again.
 *   bulk call    A bulk call in flight includes the rider; the GET is withdrawn. If it is lost or long overdue: queued
 *                again with its original age.
 *   bulk only    No GET is possible by the deadline. Waits for a bulk call; queued again when a bulk call leaves without
 *                the rider, as its riders free GETs.
 *   ended        Stored, refused (neither call is possible by the deadline) or failed.
 */
export type RiderFetch = FetchContext & FetchStage;

/** How long each call takes, project ms. */
export type TypicalMs = Readonly<Record<FetchMode, number>>;

interface FetchContext {
  /** When the next bulk call is expected; undefined when none is requested. */
  readonly bulk: Waiting | undefined;
  /** Whether the rider is on the list for bulk calls; `soon` while its row is being written. */
  readonly listed: 'no' | 'soon' | 'yes';
  /** Latest time for a permit, project ms. */
  readonly deadline: number;
  readonly typicalMs: TypicalMs;
}

interface CallRefusal {
  /** When a call is possible, project ms. */
  readonly earliest: number;
  readonly reason?: Refusal | undefined;
  /** Since when no limiter replied until the deadline had passed, project ms. */
  readonly limiterAwaySince?: number | undefined;
}

type FetchStage =
  | { readonly stage: 'queued'; readonly single: Waiting | undefined }
  | { readonly stage: 'single call' | 'bulk call' }
  | ({ readonly stage: 'bulk only' } & CallRefusal)
  | { readonly stage: 'ended' };

export type FetchEnd =
  | { readonly outcome: 'stored' }
  /** `earliest`: when the first of the two calls is possible, project ms. */
  | ({ readonly outcome: 'refused' } & CallRefusal)
  | { readonly outcome: 'failed'; readonly error: unknown };

export type FetchEvent =
  /** Estimate for the GET; after a permit: for the next GET, as the first one was lost. */
  | { readonly type: 'single estimate'; readonly estimate: Waiting }
  /** The GET has a permit, to be used only if this leads to `single call`. */
  | { readonly type: 'single permitted' }
  /** The GET failed with a transient error and is requested again. */
  | { readonly type: 'single lost' }
  | ({ readonly type: 'single refused' } & CallRefusal)
  | { readonly type: 'bulk estimate'; readonly estimate: Waiting | undefined }
  | { readonly type: 'listed' }
  /** A bulk call was sent, with or without the rider. */
  | { readonly type: 'bulk sent'; readonly included: boolean; readonly sentAt: number }
  /** Of the bulk call that includes the rider. `answered`: the outcome is stored. */
  | { readonly type: 'bulk answered' | 'bulk lost' | 'bulk overdue' }
  | FetchEnded;
/** The rider is stored, or the fetch has failed or was cancelled. */
type FetchEnded = { readonly type: 'ended'; readonly end: FetchEnd };

export type FetchEffect =
  /** `list`: put the rider on the list for bulk calls, then dispatch `listed`. */
  | { readonly type: 'requestSingle' | 'withdrawSingle' | 'list' | 'readOutcome' }
  | { readonly type: 'report'; readonly progress: Progress }
  /** `overdueAt`: project ms. A new watch replaces the previous one. */
  | { readonly type: 'watchBulkCall'; readonly overdueAt: number }
  | { readonly type: 'end'; readonly end: FetchEnd };

interface FetchDecision {
  readonly state: RiderFetch;
  readonly effects: readonly FetchEffect[];
}

/** The caller requests a GET immediately. */
export const newFetch = (deadline: number, typicalMs: TypicalMs): RiderFetch => ({
  stage: 'queued',
  single: undefined,
  bulk: undefined,
  listed: 'no',
  deadline,
  typicalMs,
});

/** Whether the rider needs a bulk call; it has to be on the list for that. */
export const wantsBulk = ({ stage, listed }: RiderFetch): boolean =>
  listed === 'yes' && (stage === 'queued' || stage === 'bulk only');

/** @param now project ms */
export function decide(state: RiderFetch, event: FetchEvent, now: number): FetchDecision {
  if (state.stage === 'ended') return unchanged(state);
  switch (event.type) {
    case 'single estimate':
      if (state.stage !== 'queued' && state.stage !== 'single call') return unchanged(state);
      return reportEstimate({ ...contextOf(state), stage: 'queued', single: event.estimate }, now);
    case 'single permitted':
      return state.stage === 'queued' ? callSingle(state) : unchanged(state);
    case 'single lost':
      return state.stage === 'single call'
        ? unchanged({ ...state, stage: 'queued', single: undefined })
        : unchanged(state);
    case 'single refused': {
      if (state.stage === 'bulk call') return unchanged(state);
      const { type: _, ...refusal } = event;
      return reportEstimate({ ...contextOf(state), stage: 'bulk only', ...refusal }, now);
    }
    case 'bulk estimate': {
      const known = { ...state, bulk: event.estimate };
      return event.estimate ? reportEstimate(known, now) : unchanged(known);
    }
    case 'listed':
      return unchanged({ ...state, listed: 'yes' });
    case 'bulk sent':
      if (event.included)
        return state.stage === 'single call' ? unchanged(state) : joinBulkCall(state, event.sentAt);
      return state.stage === 'bulk only' ? queue(state) : unchanged(state);
    case 'bulk lost':
      return state.stage === 'bulk call' || state.stage === 'bulk only' ? queue(state) : unchanged(state);
    case 'bulk overdue':
      return state.stage === 'bulk call' ? queue(state) : unchanged(state);
    case 'bulk answered':
      return { state, effects: [{ type: 'readOutcome' }] };
    case 'ended':
      return end(state, event.end);
  }
}

/** Reports the call that is expected to be answered first, and lists the rider if a bulk call would help. */
function reportEstimate(state: RiderFetch, now: number): FetchDecision {
  if (state.stage === 'bulk only') return reportBulkEstimate(state, now);
  if (state.stage !== 'queued' || !state.single) return unchanged(state);
  const { single, bulk, typicalMs } = state;
  const bySingle = single.estimatedAt + typicalMs.single;
  if (bySingle <= now + typicalMs.bulk) return report(state, progressOf(single, 'single'));
  const bulkIsFirst = bulk && bulk.estimatedAt + typicalMs.bulk < bySingle;
  return list(report(state, bulkIsFirst ? progressOf(bulk, 'bulk') : progressOf(single, 'single')));
}

function reportBulkEstimate(state: RiderFetch & { stage: 'bulk only' }, now: number): FetchDecision {
  const { bulk, deadline, earliest, reason, limiterAwaySince } = state;
  if (!bulk) return list(unchanged(state));
  const callAt = Math.max(now, bulk.estimatedAt);
  if (callAt > deadline)
    return end(state, {
      outcome: 'refused',
      earliest: Math.min(earliest, callAt),
      reason,
      limiterAwaySince,
    });
  return list(report(state, progressOf(bulk, 'bulk')));
}

/** Requests a GET, which keeps its original age and so its position. */
const queue = (known: FetchContext): FetchDecision => ({
  state: { ...contextOf(known), stage: 'queued', single: undefined },
  effects: [{ type: 'requestSingle' }],
});

const callSingle = (known: FetchContext): FetchDecision =>
  report({ ...contextOf(known), stage: 'single call' }, { state: 'running', via: 'single' });

function joinBulkCall(state: RiderFetch, sentAt: number): FetchDecision {
  const { effects } = report(state, { state: 'running', via: 'bulk' });
  return {
    state: { ...contextOf(state), stage: 'bulk call' },
    effects: [
      ...(state.stage === 'queued' ? [{ type: 'withdrawSingle' } as const] : []),
      ...effects,
      { type: 'watchBulkCall', overdueAt: sentAt + state.typicalMs.bulk + overdueAfterMs },
    ],
  };
}

const end = (known: FetchContext, how: FetchEnd): FetchDecision => ({
  state: { ...contextOf(known), stage: 'ended' },
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

const contextOf = ({ bulk, listed, deadline, typicalMs }: FetchContext): FetchContext => ({
  bulk,
  listed,
  deadline,
  typicalMs,
});

export const typicalMsOf = ({ riders_single, riders_bulk }: SyncUpstream['endpoints']): TypicalMs => ({
  single: riders_single.typicalMs,
  bulk: riders_bulk.typicalMs,
});

/** A bulk call that takes this much longer than usual is overdue: a GET is requested as well. Project ms. */
const overdueAfterMs = 30_000;
/** Real ms; added so that a slow machine does not make calls overdue on a fast clock. */
export const minOverdueMs = 2_000;

/** Performs the effects that are decided, in a service or a simulation. Times are project ms. */
export type FetchPorts = { readonly now: () => number } & {
  readonly [Type in FetchEffect['type']]: (effect: FetchEffect & { type: Type }) => void;
};

interface BulkCallUpdate {
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly riderIds: readonly number[];
  readonly sentAt: number;
}

/** Fetches one rider, as a member of the batcher. */
export class SingleOrBulk {
  readonly #riderId: number;
  readonly #lane: Lane;
  readonly #ports: FetchPorts;
  #state: RiderFetch;

  constructor(
    rider: { riderId: number; lane: Lane; deadline: number },
    typicalMs: TypicalMs,
    ports: FetchPorts,
  ) {
    this.#riderId = rider.riderId;
    this.#lane = rider.lane;
    this.#ports = ports;
    this.#state = newFetch(rider.deadline, typicalMs);
  }

  get state(): RiderFetch {
    return this.#state;
  }

  lane(): Lane | undefined {
    return wantsBulk(this.#state) ? this.#lane : undefined;
  }

  estimate(estimate: Waiting | undefined): void {
    this.dispatch({ type: 'bulk estimate', estimate });
  }

  callChanged({ stage, riderIds, sentAt }: BulkCallUpdate): void {
    const included = riderIds.includes(this.#riderId);
    if (stage === 'sent') this.dispatch({ type: 'bulk sent', included, sentAt });
    else if (included) this.dispatch({ type: `bulk ${stage}` });
  }

  /** Call with a permit for the GET; returns whether to use it. */
  canSend(): boolean {
    this.dispatch({ type: 'single permitted' });
    return this.#state.stage === 'single call';
  }

  dispatch(event: FetchEvent): void {
    const { state, effects } = decide(this.#state, event, this.#ports.now());
    this.#state = state;
    for (const effect of effects) perform(this.#ports, effect);
  }
}

const perform = <Effect extends FetchEffect>(ports: FetchPorts, effect: Effect): void =>
  (ports[effect.type] as (effect: Effect) => void)(effect);
