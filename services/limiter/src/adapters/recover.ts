import type { Clock } from '@paceline/shared/clock';
import type { Logger } from '@paceline/shared/telemetry';
import type { PartitionData } from '../core/partition.ts';
import {
  isClaimedByOther,
  ledgerTime,
  longestCount,
  type RecoveryContext,
  restore,
  takeOver,
} from '../core/recovery.ts';
import type { LimiterSettings } from '../core/settings.ts';
import type { CallRecord } from './call-record.ts';
import { type BrokerTime, ClaimLost, type Journal } from './journal.ts';

/** A partition that was taken over. */
export interface Recovered {
  readonly data: PartitionData;
  readonly now: LedgerClock;
  /** What the journal was found to have lost. */
  readonly loss: Loss;
}

export interface Loss {
  readonly at: number;
  /** Whether more than calls can be missing: every budget counts as spent. */
  readonly isLost: boolean;
  /** The calls that it lost and that count again. */
  readonly calls: number;
}

export interface RecoverParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly callRecord: CallRecord;
  readonly clock: Clock;
  readonly settings: LimiterSettings;
  readonly log: Logger;
}

/** Real ms without grants, in which waiting clients repeat their requests: the most urgent goes first, not the quickest. */
const quietMs = 500;
/** Facts per journal entry. */
const maxFacts = 1_000;
/** Journal entries after which a snapshot is written, so that recovery stays short. */
const snapshotAfter = 500;

/**
 * Reads the journal, starts a term in Postgres, claims the journal, and rebuilds the ledger. Nothing is granted while Postgres
 * is away: only its record of the calls can show whether the journal has lost any, and no call can be recorded either.
 * @throws {ClaimLost} when another owner has claimed the partition since this one did; the database's error
 */
export async function recover(parts: RecoverParts, context: RecoveryContext): Promise<Recovered> {
  const { owner, journal, callRecord, clock } = parts;
  const { entries, lastStoredAt, lastSequence, hasGap } = await journal.read();
  if (isClaimedByOther(entries, owner, context)) throw new ClaimLost('the last claim is not ours');
  const brokerTime = await journal.time();
  // True time may be ahead of the broker's answer by the duration of that request.
  const settings = { ...parts.settings, clockLag: Math.ceil(clock.toProjectMs(brokerTime.tookMs)) };
  const content = { entries, lastStoredAt: clock.at(lastStoredAt ?? brokerTime.realMs) };
  const now = startLedgerClock(clock, ledgerTime(content, clock.at(brokerTime.realMs), settings), brokerTime);

  const ledger = restore(entries, 0, settings);
  const { term, reached, calls, offset } = await callRecord.startTerm(longestCount(ledger), brokerTime);
  const isLost = hasGap || Math.max(context.latestEpochSeen, journal.reached(), reached) > lastSequence;
  const at = now();
  ledger.term = term;
  ledger.quietUntil = entries.length === 0 ? 0 : at + clock.toProjectMs(quietMs);
  const facts = takeOver(ledger, { owner, at, isLost, calls });
  // More than one entry only for thousands of accounts: a message has a maximum size.
  for (let from = 0; from < facts.length; from += maxFacts) {
    const sequence = await journal.append({ entry: 'facts', facts: facts.slice(from, from + maxFacts) });
    ledger.epoch ||= sequence;
  }
  // A mark of a lost journal must not outlast its claim: the next owner would count everything as spent again.
  if (!(await callRecord.recordClaim(term, ledger.epoch, offset)))
    throw new Error('another limiter has started a later term');
  const restored = facts.filter(({ fact }) => fact === 'call_restored').length;
  return {
    data: { ledger, entriesSinceSnapshot: entries.length, snapshotAfter, snapshot: undefined },
    now,
    loss: { at, isLost, calls: restored },
  };
}

/** The time of a ledger: whole project ms, never going back. */
export type LedgerClock = () => number;

/**
 * A ledger's time while one process owns it: `from` when the broker's time was received, then by this process's
 * monotonic clock, so changes to the host's clock have no effect. The broker's answer was under way for a while: ledger
 * time is behind the broker's, never ahead.
 */
export function startLedgerClock(clock: Clock, from: number, { receivedAt }: BrokerTime): LedgerClock {
  let latest = 0;
  return () => {
    const now = Math.floor(from + clock.toProjectMs(clock.machine.elapsed() - receivedAt));
    latest = Math.max(latest, now);
    return latest;
  };
}
