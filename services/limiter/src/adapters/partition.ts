import type { Clock } from '@paceline/shared/clock';
import {
  catalog,
  type Coordination,
  type Fact,
  type OperationReply,
  type Operation,
  type PermitReply,
  type PermitRequest,
  subjectPattern,
  type WindowsView,
} from '@paceline/shared/contracts';
import { messagingAttributes } from '@paceline/shared/messaging';
import {
  contextFrom,
  inSpan,
  isSampled,
  type Logger,
  reasonOf,
  repeatedFailure,
  SpanKind,
} from '@paceline/shared/telemetry';
import {
  type Batch,
  decidePartition,
  ledgerOf,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionState,
  unavailable,
} from '../core/partition.ts';
import type { LedgerRequest, Reply, Turn } from '../core/protocol.ts';
import { changesLimits } from '../core/recovery.ts';
import type { LimiterSettings } from '../core/settings.ts';
import { coordination, type QueueStats, queueStats, windows } from '../core/views.ts';
import { ClaimLost, type NewEntry, type Journal } from './journal.ts';
import type { CallRecord } from './call-record.ts';
import { type Loss, recover, type Recovered } from './recover.ts';

/** Publishes what a committed turn decided. Failures must not stop the turn. */
export interface Announce {
  turn(turn: Pick<Turn, 'offers' | 'conflicts' | 'facts'>): void;
  journalLost(loss: Loss): void;
}

export interface PartitionParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly callRecord: CallRecord;
  readonly clock: Clock;
  readonly settings: LimiterSettings;
  readonly announce: Announce;
  readonly log: Logger;
}

/** A partition that this process owns: its ledger in memory, its journal on the broker. */
export interface Partition {
  /** Replies once the decisions are in the journal. */
  handle(requests: readonly PermitRequest[], send: (replies: readonly PermitReply[]) => void): void;
  operate(operation: Operation, send: (reply: OperationReply) => void): void;
  /** The state of one account; undefined while the journal is being read. So are the next two. */
  status(account: string): Coordination | undefined;
  windows(account: string, waiting?: number): WindowsView | undefined;
  queueStats(account: string): QueueStats | undefined;
  /** The accounts that sent requests since this process took over. */
  accounts(): Iterable<string>;
  ready(): boolean;
  /** Why the last attempt to take over failed; undefined: it has not, or the partition is ready. */
  takeoverError(): unknown;
  /** Resolves when the partition was closed or claimed by another owner. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

type SendReplies = (replies: readonly Reply[]) => void;

/** Real ms. The alarm is an estimate while calls are open: too long a sleep would oversleep. */
const minSleep = 1;
const maxSleep = 60_000;
const retryAfter = 250;

/** Claims a partition and decides for it until another owner claims it. */
export const openPartition = (parts: PartitionParts): Partition => new OwnedPartition(parts);

/** Performs the effects that `core/partition.ts` decides. */
class OwnedPartition implements Partition {
  readonly #parts: PartitionParts;
  readonly #ended = Promise.withResolvers<void>();
  #state: PartitionState<SendReplies>;
  #now = () => 0;
  #cancelAlarm = () => {};
  #takeoverError: unknown;
  readonly #failures = repeatedFailure((err) =>
    this.#parts.log.warn({ err }, 'takeover or journal failed, trying again'),
  );

  constructor(parts: PartitionParts) {
    this.#parts = parts;
    const { state, effects } = openPartitionState<SendReplies>();
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  handle(requests: readonly PermitRequest[], send: (replies: readonly PermitReply[]) => void): void {
    // `done` is the reply to operations only.
    this.#receive(requests, (replies) => send(replies as readonly PermitReply[]));
  }

  operate(operation: Operation, send: (reply: OperationReply) => void): void {
    this.#receive([operation], ([reply]) => send(reply as OperationReply));
  }

  status(account: string): Coordination | undefined {
    const ledger = ledgerOf(this.#state);
    return ledger && coordination(ledger, account, this.#now());
  }

  windows(account: string, shown?: number): WindowsView | undefined {
    const ledger = ledgerOf(this.#state);
    return ledger && windows(ledger, account, this.#now(), shown);
  }

  queueStats(account: string): QueueStats | undefined {
    const ledger = ledgerOf(this.#state);
    return ledger && queueStats(ledger, account, this.#now());
  }

  accounts(): Iterable<string> {
    return ledgerOf(this.#state)?.stats.keys() ?? [];
  }

  ready(): boolean {
    return ledgerOf(this.#state) !== undefined;
  }

  takeoverError(): unknown {
    return this.#takeoverError;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  close(): Promise<void> {
    this.#dispatch({ event: 'close' });
    return this.ended;
  }

  #receive(requests: readonly LedgerRequest[], to: SendReplies): void {
    this.#dispatch({ event: 'requested', batch: { requests, to } });
  }

  /** Never throws: after any failure the partition recovers from its journal. */
  #dispatch(event: PartitionEvent<SendReplies>): void {
    try {
      const { state, effects } = decidePartition(this.#state, event, this.#now());
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    } catch (error) {
      this.#parts.log.error({ err: error, event: event.event }, 'partition event failed');
      if (event.event !== 'failed') this.#dispatch({ event: 'failed', claimedByOther: false });
    }
  }

  /** Publishes or replies. A failure doesn't stop the turn, which is in the journal already. */
  #tryTo(send: () => void): boolean {
    try {
      send();
      return true;
    } catch (error) {
      this.#parts.log.error({ err: error }, 'failed to publish or reply to a turn');
      return false;
    }
  }

  #perform(effect: PartitionEffect<SendReplies>): void {
    const { owner, journal, clock, announce, log } = this.#parts;
    switch (effect.effect) {
      case 'recover':
        this.#attempt(recover(this.#parts, effect.context), (recovered) => this.#recovered(recovered));
        return;
      case 'gather':
        // Waiting gains nothing: requests that arrive during the commit share the next turn.
        this.#dispatch({ event: 'turn' });
        return;
      case 'commit':
        this.#commit(effect.facts, effect.batches);
        return;
      case 'append snapshot': {
        const { at, lostAt, budgets } = effect;
        void this.#write({ entry: 'snapshot', owner, at, lostAt, budgets });
        return;
      }
      case 'cut off':
        this.#attempt(journal.recoverFrom(effect.before), () =>
          this.#dispatch({ event: 'written', sequence: 0 }),
        );
        return;
      case 'reply':
        // Replies that can't be sent, for example because they are too large, become `unavailable`.
        if (!this.#tryTo(() => effect.to(effect.replies)))
          this.#tryTo(() => effect.to(effect.replies.map(() => unavailable)));
        return;
      case 'announce':
        this.#tryTo(() => announce.turn(effect.turn));
        return;
      case 'wake':
        this.#wakeAt(effect.at);
        return;
      case 'back off':
        if (effect.error !== undefined)
          log.warn({ err: effect.error }, 'turn failed, recovering from the journal');
        clock.machine.after(retryAfter, () => this.#dispatch({ event: 'retry' }));
        return;
      case 'end':
        this.#ended.resolve();
    }
  }

  #recovered({ data, now, loss }: Recovered): void {
    this.#now = now;
    this.#failures.succeeded();
    this.#takeoverError = undefined;
    if (loss.isLost || loss.calls > 0) this.#tryTo(() => this.#parts.announce.journalLost(loss));
    this.#dispatch({ event: 'recovered', data });
  }

  #commit(facts: readonly Fact[], batches: ReadonlyArray<Batch<unknown>>): void {
    const committed = this.#write({ entry: 'facts', facts: [...facts] });
    this.#tryTo(() => traceStarts(batches, committed));
  }

  #write(entry: NewEntry): Promise<number> {
    const limits = entry.entry === 'facts' && changesLimits(entry.facts);
    const written = this.#parts.journal.append(entry);
    const appended = limits ? written.then((sequence) => this.#recordReached(sequence)) : written;
    this.#attempt(appended, (sequence) => this.#dispatch({ event: 'written', sequence }));
    return appended;
  }

  /** A limit or pause is in the journal alone: from here on a shorter one is known to have lost it. */
  async #recordReached(sequence: number): Promise<number> {
    const { callRecord, log } = this.#parts;
    const term = ledgerOf(this.#state)?.term ?? 0;
    await callRecord.recordClaim(term, sequence).catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, 'failed to record how far the journal has reached');
    });
    return sequence;
  }

  /** Only a failure of the work counts as `failed`, not one in `then`. */
  #attempt<Result>(work: Promise<Result>, then: (result: Result) => void): void {
    void work.then(then, (error: unknown) => {
      const claimedByOther = error instanceof ClaimLost;
      if (claimedByOther) this.#parts.log.warn({ err: error }, 'partition claimed by another owner');
      else this.#failures.failed(error);
      if (!this.ready()) this.#takeoverError = error;
      this.#dispatch({ event: 'failed', claimedByOther });
    });
  }

  /** Takes a turn when the next permit may have become free. */
  #wakeAt(at: number | undefined): void {
    const { clock } = this.#parts;
    this.#cancelAlarm();
    if (at === undefined) return;
    const machineMs = Math.ceil(clock.toRealMs(at - this.#now()));
    const sleep = Math.min(Math.max(minSleep, machineMs), maxSleep);
    this.#cancelAlarm = clock.machine.after(sleep, () => this.#dispatch({ event: 'turn' }));
  }
}

const commitAttributes = messagingAttributes(subjectPattern(catalog.requestPermits), 'process', 'commit');

/** Adds a span for the commit of each start to its client's trace, if that is recorded. */
function traceStarts(batches: ReadonlyArray<Batch<unknown>>, committed: Promise<unknown>): void {
  for (const { requests } of batches) {
    for (const request of requests) {
      if (request.do !== 'start' && !(request.do === 'acquire' && request.start)) continue;
      if (!isSampled(request.trace)) continue;
      const settings = {
        kind: SpanKind.CONSUMER,
        parent: contextFrom(request.trace),
        attributes: { ...commitAttributes, 'paceline.endpoint': request.endpoint },
      };
      // The span shows the failure; the partition handles it.
      inSpan('commit permit', settings, () => committed).catch(() => undefined);
    }
  }
}
