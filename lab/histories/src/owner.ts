import type { Offer } from '@paceline/shared/contracts';
import {
  decidePartition,
  ledgerOf,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionStep,
} from '@paceline/limiter/core/partition';
import type { LedgerRequest, Reply } from '@paceline/limiter/core/protocol';
import {
  changesLimits,
  isClaimedByOther,
  type RecoveryContext,
  ledgerTime,
  restore,
  takeOver as takeOverPartition,
} from '@paceline/limiter/core/recovery';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import type { Agenda } from '@paceline/kit/agenda';
import type { Dice } from '@paceline/kit/dice';
import type { CallLog } from './call-log.ts';
import type { Journal, NewEntry } from './journal.ts';

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
  readonly callLog: CallLog;
  readonly brokerTime: () => number;
  readonly settings: LimiterSettings;
  /** Sends an offer to its client. */
  readonly offer: (offer: Offer) => void;
  /** Announces the new owner to all clients. */
  readonly claimed: () => void;
  /** It has left the partition to another owner, as it believes. */
  readonly ended: () => void;
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

  const brokerDelay = () => dice.whole(0, maxBrokerDelay);

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
        parts.ended();
    }
  }

  function append(entry: NewEntry): void {
    later(brokerDelay(), () => {
      if (nextDeath === 'before the append') isDead = true;
      const sequence = isDead ? 'nothing' : journal.append(entry, lastSequence);
      if (isDead || nextDeath === 'after the append') {
        isDead = true;
        return;
      }
      const isLost = losesNextAcknowledgement || sequence === 'nothing';
      losesNextAcknowledgement = false;
      later(isLost ? 2_000 : brokerDelay(), () => {
        if (isLost || sequence === 'refused') {
          dispatch({ event: 'failed', claimedByOther: sequence === 'refused' });
          return;
        }
        lastSequence = sequence;
        const term = ledgerOf(step.state)?.term ?? 0;
        if (entry.entry === 'facts' && changesLimits(entry.facts)) parts.callLog.recordClaim(term, sequence);
        dispatch({ event: 'written', sequence });
      });
    });
  }

  const fail = (claimedByOther: boolean) => dispatch({ event: 'failed', claimedByOther });

  /** As `adapters/recover.ts`: reads the journal, takes its time over, starts a term, and claims the partition. */
  function recover(context: RecoveryContext): void {
    later(brokerDelay(), () => {
      const stored = journal.read();
      const { entries, lastStoredAt, lastSequence: last } = stored;
      if (isClaimedByOther(entries, id, context)) {
        fail(true);
        return;
      }
      const from = ledgerTime({ entries, lastStoredAt }, parts.brokerTime(), settings);
      const receivedAt = agenda.now();
      now = () => from + agenda.now() - receivedAt;
      later(brokerDelay(), () => {
        const term = parts.callLog.startTerm();
        later(brokerDelay(), () => {
          const { reached, calls } = parts.callLog.read();
          const isLost =
            stored.hasGap || Math.max(context.latestEpochSeen, journal.reached(), reached) > last;
          const at = now();
          const ledger = restore(entries, 0, settings, entries.length === 0 ? 0 : at + quietMs);
          ledger.term = term;
          const facts = takeOverPartition(ledger, { owner: id, at, isLost, calls });
          const sequence = journal.append({ entry: 'facts', facts }, last);
          if (typeof sequence !== 'number') {
            if (sequence === 'refused') fail(true);
            else later(2_000, () => fail(false));
            return;
          }
          if (!parts.callLog.recordClaim(term, sequence)) {
            fail(false);
            return;
          }
          lastSequence = sequence;
          ledger.epoch = sequence;
          parts.claimed();
          const data = { ledger, entriesSinceSnapshot: entries.length, snapshotAfter, snapshot: undefined };
          dispatch({ event: 'recovered', data });
        });
      });
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
