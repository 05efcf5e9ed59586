import type { JournalEntry, Fact, Offer } from '@paceline/shared/contracts';
import {
  decidePartition,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionStep,
} from '@paceline/limiter/core/partition';
import type { LedgerRequest, Reply } from '@paceline/limiter/core/protocol';
import { claimOf, isTaken, type Known, ledgerTime, restore } from '@paceline/limiter/core/recovery';
import type { Settings } from '@paceline/limiter/core/settings';
import type { Agenda } from '@paceline/kit/agenda';
import type { Dice } from '@paceline/kit/dice';

type WithoutMark<Entry> = Entry extends unknown ? Omit<Entry, 'recoverFrom'> : never;
export type Content = WithoutMark<JournalEntry>;

/** A partition's journal as an array: it takes an entry only from an owner that has seen the last one. */
export interface Journal {
  /** All that was ever written. */
  readonly entries: readonly JournalEntry[];
  /** What matters for recovery, and when the broker stored the last of it, by its own clock. */
  read(): {
    readonly entries: readonly JournalEntry[];
    readonly lastStoredAt: number;
    readonly lastSequence: number;
  };
  /** The sequence of the new entry; undefined when another owner has appended since. */
  append(content: Content, expected: number): number | undefined;
  /** From the next entry on, recovery begins at `sequence`. */
  recoverFrom(sequence: number): void;
}

/** @param brokerTime asked once for every entry, with what it holds */
export function createJournal(brokerTime: (content: Content) => number): Journal {
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
    append(content, expected) {
      if (expected !== entries.length) return undefined;
      lastStoredAt = brokerTime(content);
      // As read from the wire: nobody shares a fact with its writer.
      return entries.push(structuredClone({ ...content, recoverFrom }));
    },
    recoverFrom(sequence) {
      recoverFrom = sequence;
    },
  };
}

/** Where a limiter dies: doing nothing, or at its next append. */
export const deaths = ['idle', 'before the append', 'after the append'] as const;
export type Death = (typeof deaths)[number];

/** A limiter that believes that it owns the partition: the partition loop of production. */
export interface Owner {
  /** Whether it still decides. */
  alive(): boolean;
  hear(request: LedgerRequest, reply: (answer: Reply) => void): void;
  die(death: Death): void;
  freeze(ms: number): void;
  /** Its next append is stored, but it never hears of that. */
  loseAcknowledgement(): void;
}

export interface OwnerParts {
  readonly id: string;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly brokerTime: () => number;
  readonly settings: Settings;
  /** A message to a client. */
  readonly offer: (offer: Offer) => void;
  /** Tells all clients that there is a new owner. */
  readonly opened: () => void;
}

/** Ms in which those who waited before ask again. */
const quiet = 500;
/** Ms that a message to the broker takes at most: by so much a ledger's time may fall behind with every owner. */
export const slowest = 20;
const pauseAfterFailure = 250;
/** As in production, but soon enough to happen in a history. */
const restateAfter = 20;

type Answering = (answers: readonly Reply[]) => void;

/**
 * Takes the partition over, as a limiter does that starts or that replaces another. Performs what the limiter's
 * `core/partition.ts` decides. Not divided: death and frost stop every part at once.
 */
export function takeOver(parts: OwnerParts): Owner {
  const { id, agenda, dice, journal, settings, offer } = parts;
  let now = () => 0;
  let seen = 0;
  let dead = false;
  let doomed: Death | undefined;
  let losesNext = false;
  let frozenUntil = 0;
  let wokenAt = Infinity;
  let step: PartitionStep<Answering> = openPartitionState();

  /** Whatever it does it does only while it lives, and not while it is frozen. */
  const later = (ms: number, does: () => void): void => {
    agenda.in(ms, () => {
      if (dead) return;
      if (agenda.now() < frozenUntil) later(frozenUntil - agenda.now(), does);
      else does();
    });
  };

  function happened(event: PartitionEvent<Answering>): void {
    step = decidePartition(step.state, event, now());
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PartitionEffect<Answering>): void {
    switch (effect.effect) {
      case 'recover':
        recover(effect.known);
        return;
      case 'gather':
        // Production takes the turn at once; others may let those that come at the same moment share it.
        if (dice.chance(0.5)) happened({ event: 'turn' });
        else later(0, () => happened({ event: 'turn' }));
        return;
      case 'commit':
        append({ entry: 'facts', facts: [...effect.facts] });
        return;
      case 'restate': {
        const { at, lostAt, budgets } = effect;
        append({ entry: 'snapshot', owner: id, at, lostAt, budgets });
        return;
      }
      case 'cut off':
        journal.recoverFrom(effect.before);
        happened({ event: 'written', sequence: 0 });
        return;
      case 'answer':
        effect.to(effect.answers);
        return;
      case 'announce':
        for (const each of effect.turn.offers) offer(each.offer);
        return;
      case 'wake':
        wakeAt(effect.at);
        return;
      case 'pause':
        later(pauseAfterFailure, () => happened({ event: 'pause over' }));
        return;
      case 'end':
        dead = true;
    }
  }

  function append(content: Content): void {
    later(dice.whole(0, slowest), () => {
      if (doomed === 'before the append') dead = true;
      const length = dead ? undefined : journal.append(content, seen);
      if (dead || doomed === 'after the append') {
        dead = true;
        return;
      }
      const isLost = losesNext;
      losesNext = false;
      later(isLost ? 2_000 : dice.whole(0, slowest), () => {
        if (length === undefined || isLost) {
          happened({ event: 'failed', taken: length === undefined });
          return;
        }
        seen = length;
        happened({ event: 'written', sequence: length });
      });
    });
  }

  /** As `adapters/recover.ts`: the journal is read, time is taken over, the partition is claimed. */
  function recover(known: Known): void {
    const { entries, lastStoredAt, lastSequence } = journal.read();
    if (isTaken(entries, id, known)) {
      happened({ event: 'failed', taken: true });
      return;
    }
    const from = ledgerTime({ entries, lastStoredAt }, parts.brokerTime(), settings);
    const heardAt = agenda.now();
    now = () => from + agenda.now() - heardAt;
    const facts: Fact[] = claimOf(id, now(), known.epochSeen > lastSequence);
    seen = journal.append({ entry: 'facts', facts }, lastSequence) ?? 0;
    const quietUntil = entries.length === 0 ? 0 : now() + quiet;
    const ledger = restore(
      [...entries, { entry: 'facts', recoverFrom: 0, facts }],
      seen,
      settings,
      quietUntil,
    );
    parts.opened();
    happened({
      event: 'recovered',
      held: { ledger, entries: entries.length, restateAfter, restating: undefined },
    });
  }

  function wakeAt(at: number | undefined): void {
    if (at === undefined || (wokenAt > now() && wokenAt <= at)) return;
    wokenAt = at;
    later(at - now(), () => {
      if (wokenAt === at) wokenAt = Infinity;
      happened({ event: 'turn' });
    });
  }

  for (const effect of step.effects) perform(effect);
  return {
    alive: () => !dead,
    hear(request, reply) {
      const to: Answering = ([answer]) => reply(answer as Reply);
      later(0, () => happened({ event: 'requested', batch: { requests: [request], to } }));
    },
    die(death) {
      if (death === 'idle') dead = true;
      else doomed = death;
    },
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, agenda.now() + ms);
    },
    loseAcknowledgement() {
      losesNext = true;
    },
  };
}
