import type { JournalEntry, Fact, Offer } from '@paceline/shared/contracts';
import {
  decidePartition,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionStep,
} from '@paceline/limiter/core/partition';
import type { LedgerRequest, Reply } from '@paceline/limiter/core/protocol';
import {
  claimFacts,
  isClaimedByOther,
  type RecoveryContext,
  ledgerTime,
  restore,
} from '@paceline/limiter/core/recovery';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import type { Agenda } from '@paceline/kit/agenda';
import type { Dice } from '@paceline/kit/dice';

type WithoutRecoverFrom<Entry> = Entry extends unknown ? Omit<Entry, 'recoverFrom'> : never;
export type NewEntry = WithoutRecoverFrom<JournalEntry>;

/** A partition's journal as an array: it accepts an append only from an owner that has seen the last entry. */
export interface Journal {
  /** Every entry ever written. */
  readonly entries: readonly JournalEntry[];
  /** The entries needed for recovery, and when the broker stored the last one by its clock. */
  read(): {
    readonly entries: readonly JournalEntry[];
    readonly lastStoredAt: number;
    readonly lastSequence: number;
  };
  /** The sequence of the new entry; undefined if another owner has appended since. */
  append(entry: NewEntry, expected: number): number | undefined;
  /** Recovery starts at `sequence` once the next entry is written. */
  recoverFrom(sequence: number): void;
}

/** @param brokerTime called once per entry */
export function createJournal(brokerTime: (entry: NewEntry) => number): Journal {
  const entries: JournalEntry[] = [];
  let lastStoredAt = 0;
  let recoverFrom = 0;
  return {
    entries,
    read() {
      recoverFrom = entries.at(-1)?.recoverFrom ?? 0;
      return {
        entries: entries.slice(Math.max(0, recoverFrom - 1)),
        lastStoredAt,
        lastSequence: entries.length,
      };
    },
    append(entry, expected) {
      if (expected !== entries.length) return undefined;
      lastStoredAt = brokerTime(entry);
      // Copied, as over the network: a reader never shares a fact with its writer.
      return entries.push(structuredClone({ ...entry, recoverFrom }));
    },
    recoverFrom(sequence) {
      recoverFrom = sequence;
    },
  };
}

/** Where a limiter dies: while idle, or at its next append. */
export const deaths = ['idle', 'before the append', 'after the append'] as const;
export type Death = (typeof deaths)[number];

/** A limiter that believes it owns the partition: the production partition loop. */
export interface Owner {
  /** Whether it still decides. */
  alive(): boolean;
  receive(request: LedgerRequest, send: (reply: Reply) => void): void;
  die(death: Death): void;
  freeze(ms: number): void;
  /** Its next append is stored, but the acknowledgement is lost. */
  loseAcknowledgement(): void;
}

export interface OwnerParts {
  readonly id: string;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly brokerTime: () => number;
  readonly settings: LimiterSettings;
  /** Sends an offer to its client. */
  readonly offer: (offer: Offer) => void;
  /** Announces the new owner to all clients. */
  readonly claimed: () => void;
}

/** Ms without grants, in which waiting clients repeat their requests. */
const quietMs = 500;
/** Longest ms of a message to the broker: ledger time may fall behind by this much with every owner. */
export const maxBrokerDelay = 20;
const retryAfter = 250;
/** As in production, but small enough to happen in a history. */
const snapshotAfter = 20;

type SendReplies = (replies: readonly Reply[]) => void;

/**
 * Takes the partition over, as a limiter does that starts or replaces another, and performs the effects that
 * `core/partition.ts` decides. One function: death and freezing stop every part at once.
 */
export function takeOver(parts: OwnerParts): Owner {
  const { id, agenda, dice, journal, settings, offer } = parts;
  let now = () => 0;
  let lastSequence = 0;
  let isDead = false;
  let nextDeath: Death | undefined;
  let losesNextAcknowledgement = false;
  let frozenUntil = 0;
  let alarmAt = Infinity;
  let step: PartitionStep<SendReplies> = openPartitionState();

  /** Runs an action later, unless it is dead by then; while it is frozen the action waits. */
  const later = (ms: number, action: () => void): void => {
    agenda.in(ms, () => {
      if (isDead) return;
      if (agenda.now() < frozenUntil) later(frozenUntil - agenda.now(), action);
      else action();
    });
  };

  function dispatch(event: PartitionEvent<SendReplies>): void {
    step = decidePartition(step.state, event, now());
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PartitionEffect<SendReplies>): void {
    switch (effect.effect) {
      case 'recover':
        recover(effect.context);
        return;
      case 'gather':
        // Production starts the turn at once; starting it a little later must be safe too.
        if (dice.chance(0.5)) dispatch({ event: 'turn' });
        else later(0, () => dispatch({ event: 'turn' }));
        return;
      case 'commit':
        append({ entry: 'facts', facts: [...effect.facts] });
        return;
      case 'append snapshot': {
        const { at, lostAt, budgets } = effect;
        append({ entry: 'snapshot', owner: id, at, lostAt, budgets });
        return;
      }
      case 'cut off':
        journal.recoverFrom(effect.before);
        dispatch({ event: 'written', sequence: 0 });
        return;
      case 'reply':
        effect.to(effect.replies);
        return;
      case 'announce':
        for (const each of effect.turn.offers) offer(each.offer);
        return;
      case 'wake':
        wakeAt(effect.at);
        return;
      case 'back off':
        later(retryAfter, () => dispatch({ event: 'retry' }));
        return;
      case 'end':
        isDead = true;
    }
  }

  function append(entry: NewEntry): void {
    later(dice.whole(0, maxBrokerDelay), () => {
      if (nextDeath === 'before the append') isDead = true;
      const sequence = isDead ? undefined : journal.append(entry, lastSequence);
      if (isDead || nextDeath === 'after the append') {
        isDead = true;
        return;
      }
      const isLost = losesNextAcknowledgement;
      losesNextAcknowledgement = false;
      later(isLost ? 2_000 : dice.whole(0, maxBrokerDelay), () => {
        if (sequence === undefined || isLost) {
          dispatch({ event: 'failed', claimedByOther: sequence === undefined });
          return;
        }
        lastSequence = sequence;
        dispatch({ event: 'written', sequence });
      });
    });
  }

  /** As `adapters/recover.ts`: reads the journal, takes its time over, and claims the partition. */
  function recover(context: RecoveryContext): void {
    const stored = journal.read();
    const { entries, lastStoredAt } = stored;
    if (isClaimedByOther(entries, id, context)) {
      dispatch({ event: 'failed', claimedByOther: true });
      return;
    }
    const from = ledgerTime({ entries, lastStoredAt }, parts.brokerTime(), settings);
    const receivedAt = agenda.now();
    now = () => from + agenda.now() - receivedAt;
    const facts: Fact[] = claimFacts(id, now(), context.latestEpochSeen > stored.lastSequence);
    lastSequence = journal.append({ entry: 'facts', facts }, stored.lastSequence) ?? 0;
    const quietUntil = entries.length === 0 ? 0 : now() + quietMs;
    const ledger = restore(
      [...entries, { entry: 'facts', recoverFrom: 0, facts }],
      lastSequence,
      settings,
      quietUntil,
    );
    parts.claimed();
    dispatch({
      event: 'recovered',
      data: { ledger, entriesSinceSnapshot: entries.length, snapshotAfter, snapshot: undefined },
    });
  }

  function wakeAt(at: number | undefined): void {
    if (at === undefined || (alarmAt > now() && alarmAt <= at)) return;
    alarmAt = at;
    later(at - now(), () => {
      if (alarmAt === at) alarmAt = Infinity;
      dispatch({ event: 'turn' });
    });
  }

  for (const effect of step.effects) perform(effect);
  return {
    alive: () => !isDead,
    receive(request, send) {
      const to: SendReplies = ([reply]) => send(reply as Reply);
      later(0, () => dispatch({ event: 'requested', batch: { requests: [request], to } }));
    },
    die(death) {
      if (death === 'idle') isDead = true;
      else nextDeath = death;
    },
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, agenda.now() + ms);
    },
    loseAcknowledgement() {
      losesNextAcknowledgement = true;
    },
  };
}
