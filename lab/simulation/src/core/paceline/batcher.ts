import {
  type BatcherEffect,
  type BatcherEvent,
  type BatcherMember,
  type BatcherTimer,
  decide,
  forecastOf,
  mostUrgent,
  newBatcher,
  type RequestEnd,
  timerMs,
} from '@paceline/rider-sync/core/batcher';
import { fillUpAge, fullCall } from '@paceline/rider-sync/core/bulk-call';
import type { Life } from '../life.ts';
import { live, type Script } from '../world/script.ts';
import type { Caller } from './call.ts';
import type { Run } from './runs.ts';

/** A bulk call has left, was answered or was lost. */
export interface Move {
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly sentAt: number;
  readonly riderIds: readonly number[];
}

type Member = BatcherMember<Run, Move>;

/** Does on the agenda what the batcher decides. */
export class Batcher {
  readonly #life: Life;
  readonly #call: Caller;
  readonly #members = new Set<Member>();
  readonly #listed = new Set<number>();
  readonly #timers: Partial<Record<BatcherTimer, object>> = {};
  #withdrawal = new AbortController();
  #state = newBatcher;

  constructor(life: Life, call: Caller) {
    this.#life = life;
    this.#call = call;
  }

  join(member: Member): () => void {
    this.#members.add(member);
    const forecast = forecastOf(this.#state);
    if (forecast) member.forecast?.(forecast);
    this.reconsider();
    return () => {
      this.#members.delete(member);
      this.reconsider();
    };
  }

  reconsider(): void {
    this.#dispatch({ type: 'demand changed' });
  }

  /** Puts a rider on the list that bulk calls take from. */
  list(riderId: number): void {
    this.#listed.add(riderId);
  }

  unlist(riderId: number): void {
    this.#listed.delete(riderId);
  }

  #dispatch(event: BatcherEvent): void {
    const lane = mostUrgent([...this.#members].map((member) => member.lane()));
    const { state, effects } = decide(this.#state, event, { lane, now: this.#life.agenda.now() });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: BatcherEffect): void {
    switch (effect.type) {
      case 'request':
        live(this.#request(effect));
        break;
      case 'withdraw':
        this.#withdrawal.abort();
        break;
      case 'announce':
        for (const member of this.#members) member.forecast?.(effect.forecast);
        break;
      case 'announce unused':
        for (const member of this.#members) member.unused?.();
        break;
      case 'start timer':
        this.#start(effect.timer);
        break;
      case 'stop timer':
        delete this.#timers[effect.timer];
    }
  }

  *#request({ request, lane, since }: BatcherEffect & { type: 'request' }): Script {
    this.#withdrawal = new AbortController();
    const { signal } = this.#withdrawal;
    const slotId = this.#run()?.slotId;
    let held: Move | undefined;
    const end = yield* this.#call({
      endpoint: 'riders_bulk',
      lane,
      firstAskedAt: since,
      signal,
      ...(slotId === undefined ? {} : { slotId }),
      attempts: 1,
      onWaiting: (forecast) => this.#dispatch({ type: 'forecast', request, forecast }),
      choose: () => {
        this.#lose(held);
        held = this.#depart(request);
        return held && `${held.riderIds.length} riders`;
      },
    });
    if (end.is === 'answered' && held) this.#arrive(held);
    else this.#lose(held);
    let how: RequestEnd = { is: 'failed' };
    if (end.is === 'answered') how = { is: 'answered' };
    else if (end.is === 'not worth it') how = { is: 'unused' };
    else if (signal.aborted) how = { is: 'withdrawn' };
    this.#dispatch({ type: 'request ended', request, how });
  }

  #depart(request: number): Move | undefined {
    const { agenda, store } = this.#life;
    const run = this.#run();
    const ids = [...this.#listed].slice(0, fullCall);
    if (ids.length === 0 && !run) return undefined;
    const staleBefore = Math.max(agenda.now() - fillUpAge, run?.scheduledFor ?? 0);
    const outsiders = store
      .outsiders(staleBefore)
      .filter((id) => !this.#listed.has(id))
      .slice(0, fullCall - ids.length);
    store.takeAlong(outsiders, agenda.now());
    for (const id of ids) this.#listed.delete(id);
    const riderIds = [...ids, ...outsiders];
    if (riderIds.length === 0) return undefined;
    const move: Move = { stage: 'sent', sentAt: agenda.now(), riderIds };
    this.#dispatch({ type: 'sent', request });
    for (const member of this.#members) member.moved(move);
    this.reconsider();
    return move;
  }

  #arrive(held: Move): void {
    const { agenda, store } = this.#life;
    for (const id of held.riderIds) store.storeRider(id, agenda.now());
    this.#ended({ ...held, stage: 'answered' });
  }

  #lose(held: Move | undefined): void {
    if (held) this.#ended({ ...held, stage: 'lost' });
  }

  #ended(move: Move): void {
    for (const member of this.#members) member.moved(move);
    this.#dispatch({ type: 'call ended', own: true });
  }

  #run(): Run | undefined {
    return [...this.#members].find(({ run }) => run)?.run;
  }

  #start(timer: BatcherTimer): void {
    const started = {};
    this.#timers[timer] = started;
    this.#life.agenda.in(timerMs[timer], () => {
      if (this.#timers[timer] !== started) return;
      this.#dispatch({ type: timer === 'gather' ? 'gathered' : 'rested' });
    });
  }
}
