import { addLane } from '@paceline/rider-sync/core/batcher';
import { deadlineOf } from '@paceline/rider-sync/core/command';
import {
  decide,
  type FetchEffect,
  type FetchEvent,
  newFetch,
  type RiderFetch,
  wantsBulk,
} from '@paceline/rider-sync/core/single-or-bulk';
import type { Lane } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import type { Life } from '../life.ts';
import type { Click } from '../scenario.ts';
import { hear, live, once, type Script } from '../world/script.ts';
import type { Batcher, Move } from './batcher.ts';
import type { Caller } from './call.ts';

/** Real ms, as in `add-rider.ts`: on a fast clock the machine still has so long to fetch a rider. */
const leastWaitMs = 5_000;
const leastPatienceMs = 2_000;

type End = 'stored' | 'refused';

/** Fetches a rider by a GET or by the next bulk call, whichever has its permit first. */
export const addRider = (life: Life, call: Caller, batcher: Batcher) =>
  function* (click: Click): Script {
    const end = yield* hear<End>((wake) => {
      const fetch = new SingleOrBulk(life, call, batcher, click, once(wake));
      fetch.start();
    });
    if (end === 'stored') life.tally.stored(click.riderId, life.agenda.now());
    else life.tally.refused(click.riderId);
  };

/** Does on the agenda what is decided for one rider. */
class SingleOrBulk {
  readonly #life: Life;
  readonly #call: Caller;
  readonly #batcher: Batcher;
  readonly #click: Click;
  readonly #ended: (end: End) => void;
  #leave: () => void = () => undefined;
  #withdrawal = new AbortController();
  #watch = {};
  #state: RiderFetch;

  constructor(life: Life, call: Caller, batcher: Batcher, click: Click, ended: (end: End) => void) {
    this.#life = life;
    this.#call = call;
    this.#batcher = batcher;
    this.#click = click;
    this.#ended = ended;
    this.#state = newFetch(deadlineOf(life.agenda.now(), life.clock.fromMachine(leastWaitMs)));
  }

  start(): void {
    this.#leave = this.#batcher.join(this);
    live(this.#requestSingle());
  }

  lane(): Lane | undefined {
    return wantsBulk(this.#state) ? addLane : undefined;
  }

  forecast(forecast: Waiting | undefined): void {
    this.#dispatch({ type: 'bulk forecast', forecast });
  }

  moved({ stage, riderIds, sentAt }: Move): void {
    const aboard = riderIds.includes(this.#click.riderId);
    if (stage === 'sent') this.#dispatch({ type: 'bulk sent', aboard, sentAt });
    else if (aboard) this.#dispatch({ type: `bulk ${stage}` });
  }

  #dispatch(event: FetchEvent): void {
    const { state, effects } = decide(this.#state, event, this.#life.agenda.now());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: FetchEffect): void {
    const { riderId } = this.#click;
    switch (effect.type) {
      case 'request single':
        this.#batcher.list(riderId);
        live(this.#requestSingle());
        break;
      case 'withdraw single':
        this.#withdrawal.abort();
        break;
      case 'list':
        this.#batcher.list(riderId);
        this.#dispatch({ type: 'listed' });
        this.#batcher.reconsider();
        break;
      case 'read outcome':
        this.#dispatch({ type: 'ended', end: { is: 'stored' } });
        break;
      case 'watch bulk call':
        this.#watchBulkCall(effect.overdueAt);
        break;
      case 'report':
        break;
      case 'end':
        this.#batcher.unlist(riderId);
        this.#withdrawal.abort();
        this.#leave();
        this.#ended(effect.end.is === 'stored' ? 'stored' : 'refused');
    }
  }

  *#requestSingle(): Script {
    const { agenda, store } = this.#life;
    const { riderId, at } = this.#click;
    this.#withdrawal = new AbortController();
    const { signal } = this.#withdrawal;
    const got = yield* this.#call({
      endpoint: 'riders_single',
      lane: addLane,
      deadline: this.#state.deadline,
      firstAskedAt: at,
      attempts: Number.POSITIVE_INFINITY,
      signal,
      onWaiting: (forecast) => {
        if (!signal.aborted) this.#dispatch({ type: 'single forecast', forecast });
      },
      choose: () => {
        if (store.isStoredSince(riderId, at)) return undefined;
        if (!signal.aborted) this.#dispatch({ type: 'single permitted' });
        return this.#state.at === 'single call' ? String(riderId) : undefined;
      },
    });
    if (this.#state.at === 'ended') return;
    if (got.is === 'answered') store.storeRider(riderId, agenda.now());
    const isStored = got.is === 'answered' || store.isStoredSince(riderId, at);
    if (isStored) this.#dispatch({ type: 'ended', end: { is: 'stored' } });
    else if (signal.aborted) return;
    else if (got.is === 'refused') this.#dispatch({ type: 'single refused', earliest: got.earliest });
    else if (got.is === 'failed' && got.retryAfterMs !== undefined)
      this.#dispatch({ type: 'single refused', earliest: agenda.now() + got.retryAfterMs });
    else this.#dispatch({ type: 'ended', end: { is: 'failed', error: got } });
  }

  #watchBulkCall(overdueAt: number): void {
    const { agenda, clock } = this.#life;
    const watch = {};
    this.#watch = watch;
    agenda.in(overdueAt + clock.fromMachine(leastPatienceMs) - agenda.now(), () => {
      if (this.#watch === watch) this.#dispatch({ type: 'bulk overdue' });
    });
  }
}
