import { type BulkMoved, catalog } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import { listen, signal } from '@paceline/shared/messaging';
import { plainError, type Sync } from '@paceline/shared/sync';
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
} from '../core/batcher.ts';
import { makeBulkCall, type SlotRun } from './bulk-call.ts';

type Member = BatcherMember<SlotRun, BulkMoved>;

/** Real ms: on a fast clock the machine still has so long to hear of added riders. */
const leastGatherMs = 50;

/** Requests bulk calls for its members: `core/batcher.ts` decides. The wanted riders are in a table of all processes. */
export class Batcher {
  readonly #sync: Sync;
  readonly #clubIds: readonly number[];
  readonly #members = new Set<Member>();
  readonly #ownCalls = new Set<string>();
  /** Riders on calls of this process. */
  readonly #inHand = new Set<number>();
  readonly #timers: Partial<Record<BatcherTimer, AbortController>> = {};
  #withdrawal = new AbortController();
  #state = newBatcher;

  constructor(sync: Sync, clubIds: readonly number[]) {
    this.#sync = sync;
    this.#clubIds = clubIds;
    listen(sync.bus, catalog.bulkMoved, {}, (move) => {
      if (!this.#ownCalls.has(move.call)) this.#hear(move, false);
      else if (move.stage !== 'sent') this.#ownCalls.delete(move.call);
    });
  }

  /** Returns how to leave. */
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

  /** What a member wants has changed. */
  reconsider(): void {
    this.#dispatch({ type: 'demand changed' });
  }

  #dispatch(event: BatcherEvent): void {
    if (this.#sync.signal.aborted) return;
    const lane = mostUrgent([...this.#members].map((member) => member.lane()));
    const now = Math.round(this.#sync.clock.now());
    const { state, effects } = decide(this.#state, event, { lane, now });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: BatcherEffect): void {
    switch (effect.type) {
      case 'request':
        void this.#request(effect);
        break;
      case 'withdraw':
        this.#withdrawal.abort(new Error('no member wants this bulk call any more'));
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
        this.#timers[effect.timer]?.abort();
    }
  }

  async #request({ request, lane, since }: BatcherEffect & { type: 'request' }): Promise<void> {
    const sync = this.#sync;
    this.#withdrawal = new AbortController();
    const withdrawn = this.#withdrawal.signal;
    const call = makeBulkCall(sync, {
      lane,
      firstAskedAt: since,
      signal: AbortSignal.any([sync.signal, withdrawn]),
      clubIds: this.#clubIds,
      inHand: this.#inHand,
      run: () => [...this.#members].find(({ run }) => run)?.run,
      onWaiting: (forecast) => this.#dispatch({ type: 'forecast', request, forecast }),
      onMoved: (move) => {
        this.#ownCalls.add(move.call);
        if (move.stage === 'sent') this.#dispatch({ type: 'sent', request });
        signal(sync.bus, catalog.bulkMoved, {}, move);
        this.#hear(move, true);
      },
    });
    const how = await call.then(
      (called): RequestEnd => ({ is: called ? 'answered' : 'unused' }),
      (error: unknown): RequestEnd => {
        if (withdrawn.aborted || sync.signal.aborted) return { is: 'withdrawn' };
        sync.log.warn({ err: plainError(error) }, 'a bulk call has failed');
        return { is: 'failed', ...(error instanceof PermitRefused && { closedUntil: error.earliest }) };
      },
    );
    this.#dispatch({ type: 'request ended', request, how });
  }

  #hear(move: BulkMoved, own: boolean): void {
    for (const member of this.#members) member.moved(move);
    this.#dispatch(move.stage === 'sent' ? { type: 'demand changed' } : { type: 'call ended', own });
  }

  #start(timer: BatcherTimer): void {
    const { clock, signal: shutdown } = this.#sync;
    const stopped = new AbortController();
    this.#timers[timer] = stopped;
    const least = timer === 'gather' ? clock.fromMachine(leastGatherMs) : 0;
    clock.sleep(Math.max(timerMs[timer], least), AbortSignal.any([stopped.signal, shutdown])).then(
      () => this.#dispatch({ type: timer === 'gather' ? 'gathered' : 'rested' }),
      () => undefined,
    );
  }
}
