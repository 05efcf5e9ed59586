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
import { contextFrom, inSpan, type Logger, SpanKind } from '@paceline/shared/telemetry';
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
import type { Settings } from '../core/settings.ts';
import { coordination, type Waiting, waiting, windows } from '../core/views.ts';
import type { HighWaterMark } from './high-water-mark.ts';
import { type Content, type Journal, JournalTaken } from './journal.ts';
import { recover, type Recovered } from './recover.ts';

/** Publishes what a turn came to, once it is committed. Must not throw: it is only news. */
export interface Announce {
  turn(turn: Pick<Turn, 'offers' | 'conflicts' | 'facts'>): void;
  /** The journal of before is gone. */
  lost(at: number): void;
}

export interface PartitionParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly highWaterMark: HighWaterMark;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly announce: Announce;
  readonly log: Logger;
}

/** One partition as this process owns it: its ledger in memory, its journal on the broker. */
export interface Partition {
  /** Answers once what it decides is in the journal. */
  handle(requests: readonly PermitRequest[], reply: (answers: readonly PermitReply[]) => void): void;
  operate(operation: Operation, reply: (answer: OperationReply) => void): void;
  /** The state of one account; undefined while the journal is being read. */
  status(account: string): Coordination | undefined;
  windows(account: string, waiting?: number): WindowsView | undefined;
  waiting(account: string): Waiting | undefined;
  /** The accounts that this partition has heard of. */
  accounts(): Iterable<string>;
  ready(): boolean;
  /** Resolves when another owner has claimed the partition, or it was closed: it decides nothing any more. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

type Answering = (answers: readonly Reply[]) => void;

/** Real ms. The moment to wake at is a guess while calls are open: neither spin on it nor trust it for long. */
const shortestNap = 5;
const longestNap = 60_000;
const pauseAfterFailure = 250;

/** Claims a partition and decides for it until another owner claims it. */
export const openPartition = (parts: PartitionParts): Partition => new OwnedPartition(parts);

/** Performs what `core/partition.ts` decides. */
class OwnedPartition implements Partition {
  readonly #parts: PartitionParts;
  readonly #ended = Promise.withResolvers<void>();
  #state: PartitionState<Answering>;
  #now = () => 0;
  #callOffAlarm = () => {};

  constructor(parts: PartitionParts) {
    this.#parts = parts;
    const { state, effects } = openPartitionState<Answering>();
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  handle(requests: readonly PermitRequest[], reply: (answers: readonly PermitReply[]) => void): void {
    // Only operations are answered with `done`.
    this.#take(requests, (answers) => reply(answers as readonly PermitReply[]));
  }

  operate(operation: Operation, reply: (answer: OperationReply) => void): void {
    this.#take([operation], ([answer]) => reply(answer as OperationReply));
  }

  status(account: string): Coordination | undefined {
    const ledger = ledgerOf(this.#state);
    return ledger && coordination(ledger, account, this.#now());
  }

  windows(account: string, shown?: number): WindowsView | undefined {
    const ledger = ledgerOf(this.#state);
    return ledger && windows(ledger, account, this.#now(), shown);
  }

  waiting(account: string): Waiting | undefined {
    const ledger = ledgerOf(this.#state);
    return ledger && waiting(ledger, account, this.#now());
  }

  accounts(): Iterable<string> {
    return ledgerOf(this.#state)?.news.keys() ?? [];
  }

  ready(): boolean {
    return ledgerOf(this.#state) !== undefined;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  close(): Promise<void> {
    this.#happened({ event: 'close' });
    return this.ended;
  }

  #take(requests: readonly LedgerRequest[], to: Answering): void {
    this.#happened({ event: 'requested', batch: { requests, to } });
  }

  /** Never throws: whatever fails, the partition goes on from its journal. */
  #happened(event: PartitionEvent<Answering>): void {
    try {
      const { state, effects } = decidePartition(this.#state, event, this.#now());
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    } catch (error) {
      this.#parts.log.error({ err: error, event: event.event }, 'partition failed');
      if (event.event !== 'failed') this.#happened({ event: 'failed', taken: false });
    }
  }

  /** A failed announcement does not stop the turn: it is in the journal already. */
  #tell(publish: () => void): boolean {
    try {
      publish();
      return true;
    } catch (error) {
      this.#parts.log.error({ err: error }, 'turn not announced');
      return false;
    }
  }

  #perform(effect: PartitionEffect<Answering>): void {
    const { owner, journal, clock, announce, log } = this.#parts;
    switch (effect.effect) {
      case 'recover':
        this.#attempt(recover(this.#parts, effect.known), (recovered) => this.#recovered(recovered));
        return;
      case 'gather':
        // Nothing is gained by waiting: those that come while this one is committed share the next turn.
        this.#happened({ event: 'turn' });
        return;
      case 'commit':
        this.#commit(effect.facts, effect.batches);
        return;
      case 'restate': {
        const { at, lostAt, budgets } = effect;
        void this.#write({ entry: 'snapshot', owner, at, lostAt, budgets });
        return;
      }
      case 'cut off':
        this.#attempt(journal.recoverFrom(effect.before), () =>
          this.#happened({ event: 'written', sequence: 0 }),
        );
        return;
      case 'answer':
        // An answer that cannot be sent, for example one that is too large, becomes an error.
        if (!this.#tell(() => effect.to(effect.answers)))
          this.#tell(() => effect.to(effect.answers.map(() => unavailable)));
        return;
      case 'announce':
        this.#tell(() => announce.turn(effect.turn));
        return;
      case 'wake':
        this.#wakeAt(effect.at);
        return;
      case 'pause':
        if (effect.error !== undefined)
          log.warn({ err: effect.error }, 'turn failed, reading the journal again');
        clock.machine.after(pauseAfterFailure, () => this.#happened({ event: 'pause over' }));
        return;
      case 'end':
        this.#ended.resolve();
    }
  }

  #recovered({ held, now, lostAt }: Recovered): void {
    this.#now = now;
    if (lostAt !== undefined) this.#tell(() => this.#parts.announce.lost(lostAt));
    this.#happened({ event: 'recovered', held });
  }

  #commit(facts: readonly Fact[], batches: ReadonlyArray<Batch<unknown>>): void {
    const committed = this.#write({ entry: 'facts', facts: [...facts] });
    this.#tell(() => traceStarts(batches, committed));
  }

  #write(content: Content): Promise<number> {
    const appended = this.#parts.journal.append(content);
    this.#attempt(appended, (sequence) => this.#happened({ event: 'written', sequence }));
    return appended;
  }

  /** Only the work may fail: whether it did is known before what follows from it. */
  #attempt<Result>(work: Promise<Result>, then: (result: Result) => void): void {
    void work.then(then, (error: unknown) => {
      const taken = error instanceof JournalTaken;
      const message = taken ? 'partition claimed by another owner' : 'journal failed, reading it again';
      this.#parts.log.warn({ err: error }, message);
      this.#happened({ event: 'failed', taken });
    });
  }

  /** Windows move on by themselves: wakes when the next waiter's turn may have come. */
  #wakeAt(at: number | undefined): void {
    const { clock } = this.#parts;
    this.#callOffAlarm();
    if (at === undefined) return;
    const machineMs = Math.ceil(clock.toMachine(at - this.#now()));
    const nap = Math.min(Math.max(shortestNap, machineMs), longestNap);
    this.#callOffAlarm = clock.machine.after(nap, () => this.#happened({ event: 'turn' }));
  }
}

/** Shows each start, in the trace of its client, for as long as its commit to the journal takes. */
function traceStarts(batches: ReadonlyArray<Batch<unknown>>, committed: Promise<unknown>): void {
  for (const { requests } of batches) {
    for (const request of requests) {
      if (request.do !== 'start' && !(request.do === 'acquire' && request.start)) continue;
      const settings = {
        kind: SpanKind.CONSUMER,
        parent: contextFrom(request.trace),
        attributes: {
          ...messagingAttributes(subjectPattern(catalog.requestPermits), 'process', 'commit'),
          'paceline.endpoint': request.endpoint,
        },
      };
      // The span shows the failure; the partition handles it.
      inSpan('commit permit', settings, () => committed).catch(() => undefined);
    }
  }
}
