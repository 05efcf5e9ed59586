import type { Clock } from '@paceline/shared/clock';
import {
  catalog,
  type Coordination,
  type Operated,
  type Operation,
  type PermitReply,
  type PermitRequest,
  subjectPattern,
  type WindowsView,
} from '@paceline/shared/contracts';
import { messagingAttributes } from '@paceline/shared/messaging';
import { contextFrom, inSpan, type Logger, SpanKind } from '@paceline/shared/telemetry';
import {
  type Asked,
  decidePartition,
  heldBy,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionStep,
} from '../core/partition.ts';
import type { LedgerRequest, Reply, Turn } from '../core/protocol.ts';
import type { Settings } from '../core/settings.ts';
import { coordination, type Waiting, waiting, windows } from '../core/views.ts';
import type { HighWaterMark } from './high-water-mark.ts';
import { type Content, type Journal, JournalTaken } from './journal.ts';
import { recover } from './recover.ts';

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
  ask(asks: readonly PermitRequest[], reply: (answers: readonly PermitReply[]) => void): void;
  operate(operation: Operation, reply: (answer: Operated) => void): void;
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

/** Claims a partition and decides for it until another owner claims it: performs what `core/partition.ts` decides. */
export function openPartition(parts: PartitionParts): Partition {
  const { owner, journal, clock, announce, log } = parts;
  const ended = Promise.withResolvers<void>();
  let now = () => 0;
  let callOffAlarm = () => {};
  let step: PartitionStep<Answering> = openPartitionState();

  function happened(event: PartitionEvent<Answering>): void {
    step = decidePartition(step.state, event, now());
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PartitionEffect<Answering>): void {
    switch (effect.effect) {
      case 'recover':
        attempt(recover(parts, effect.known), (recovered) => {
          ({ now } = recovered);
          if (recovered.lostAt !== undefined) announce.lost(recovered.lostAt);
          happened({ event: 'recovered', held: recovered.held });
        });
        return;
      case 'gather':
        // One chunk from the broker is handed over message by message, all before this.
        queueMicrotask(() => happened({ event: 'turn' }));
        return;
      case 'commit': {
        const committed = write({ entry: 'facts', facts: [...effect.facts] });
        traceStarts(effect.asked, committed);
        return;
      }
      case 'restate': {
        const { at, lostAt, budgets } = effect;
        void write({ entry: 'restated', owner, at, lostAt, budgets });
        return;
      }
      case 'cut off':
        attempt(journal.recoverFrom(effect.before), () => happened({ event: 'written', sequence: 0 }));
        return;
      case 'answer':
        effect.to(effect.answers);
        return;
      case 'announce':
        announce.turn(effect.turn);
        return;
      case 'wake':
        wakeAt(effect.at);
        return;
      case 'pause':
        if (effect.error !== undefined)
          log.warn({ err: effect.error }, 'turn failed, reading the journal again');
        clock.machine.after(pauseAfterFailure, () => happened({ event: 'pause over' }));
        return;
      case 'end':
        ended.resolve();
    }
  }

  function write(content: Content): Promise<number> {
    const appended = journal.append(content);
    attempt(appended, (sequence) => happened({ event: 'written', sequence }));
    return appended;
  }

  function attempt<Result>(work: Promise<Result>, then: (result: Result) => void): void {
    // Only the work may fail: whether it did is known before what follows from it.
    void work.then(then, (error: unknown) => {
      const taken = error instanceof JournalTaken;
      log.warn(
        { err: error },
        taken ? 'partition claimed by another owner' : 'journal failed, reading it again',
      );
      happened({ event: 'failed', taken });
    });
  }

  /** Windows move on by themselves: wakes when the next waiter's turn may have come. */
  function wakeAt(at: number | undefined): void {
    callOffAlarm();
    if (at === undefined) return;
    const machineMs = Math.ceil(clock.toMachine(at - now()));
    const nap = Math.min(Math.max(shortestNap, machineMs), longestNap);
    callOffAlarm = clock.machine.after(nap, () => happened({ event: 'turn' }));
  }

  const held = () => heldBy(step.state);
  const take = (requests: readonly LedgerRequest[], to: Answering) =>
    happened({ event: 'asked', asked: { requests, to } });
  for (const effect of step.effects) perform(effect);

  return {
    // Only operations are answered with `operated`.
    ask: (asks, reply) => take(asks, (answers) => reply(answers as readonly PermitReply[])),
    operate: (operation, reply) => take([operation], ([answer]) => reply(answer as Operated)),
    status(account) {
      const by = held();
      return by && coordination(by.ledger, account, now(), by.settings);
    },
    windows(account, shown) {
      const by = held();
      return by && windows(by.ledger, account, now(), by.settings, shown);
    },
    waiting(account) {
      const by = held();
      return by && waiting(by.ledger, account, now(), by.settings);
    },
    accounts: () => held()?.ledger.news.keys() ?? [],
    ready: () => held() !== undefined,
    ended: ended.promise,
    close() {
      happened({ event: 'close' });
      return ended.promise;
    },
  };
}

/** Shows each start, in the trace of its client, for as long as its commit to the journal takes. */
function traceStarts(asked: ReadonlyArray<Asked<unknown>>, committed: Promise<unknown>): void {
  for (const { requests } of asked) {
    for (const request of requests) {
      if (request.do !== 'start' && !(request.do === 'acquire' && request.start)) continue;
      const settings = {
        kind: SpanKind.CONSUMER,
        parent: contextFrom(request.trace),
        attributes: {
          ...messagingAttributes(subjectPattern(catalog.ask), 'process', 'commit'),
          'paceline.endpoint': request.endpoint,
        },
      };
      // The span shows the failure; the partition handles it.
      inSpan('commit permit', settings, () => committed).catch(() => undefined);
    }
  }
}
