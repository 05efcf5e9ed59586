import type { Clock } from '@paceline/shared/clock';
import type { JournalEntry } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import type { PartitionData } from '../core/partition.ts';
import { claimFacts, isClaimedByOther, type RecoveryContext, ledgerTime, restore } from '../core/recovery.ts';
import type { LimiterSettings } from '../core/settings.ts';
import type { HighWaterMark } from './high-water-mark.ts';
import { type BrokerTime, ClaimLost, type Journal } from './journal.ts';

/** A partition that was taken over. */
export interface Recovered {
  readonly data: PartitionData;
  readonly now: LedgerClock;
  /** When the previous journal was found lost; undefined if it was not. */
  readonly lostAt: number | undefined;
}

export interface RecoverParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly highWaterMark: HighWaterMark;
  readonly clock: Clock;
  readonly settings: LimiterSettings;
  readonly log: Logger;
}

/** Real ms without grants, in which waiting clients repeat their requests: the most urgent goes first, not the quickest. */
const quietMs = 500;
/** Journal entries after which a snapshot is written, so that recovery stays short. */
const snapshotAfter = 500;

/**
 * Reads the journal, claims it, and rebuilds the ledger. If a previous journal is lost, every budget counts as spent.
 * @throws {ClaimLost} when another owner has claimed the partition since this one did
 */
export async function recover(parts: RecoverParts, context: RecoveryContext): Promise<Recovered> {
  const { owner, journal, highWaterMark, clock, log } = parts;
  const { entries, lastStoredAt, lastSequence } = await journal.read();
  if (isClaimedByOther(entries, owner, context)) throw new ClaimLost('the last claim is not ours');
  const brokerTime = await journal.time();
  // True time may be ahead of the broker's answer by the duration of that request.
  const settings = { ...parts.settings, clockLag: Math.ceil(clock.toProjectMs(brokerTime.tookMs)) };
  const content = { entries, lastStoredAt: clock.at(lastStoredAt ?? brokerTime.realMs) };
  const now = startLedgerClock(clock, ledgerTime(content, clock.at(brokerTime.realMs), settings), brokerTime);

  // An owner that claimed before knows how far the journal reached, and needs no recorded mark.
  const recorded = context.claimed ? 0 : await highWaterMark.read();
  const isLost = Math.max(context.latestEpochSeen, highWaterMark.reached(), recorded) > lastSequence;
  const claimedAt = now();
  const facts = claimFacts(owner, claimedAt, isLost);
  const epoch = await journal.append({ entry: 'facts', facts });
  const recording = highWaterMark.record(epoch);
  if (context.claimed)
    recording.catch((error: unknown) => log.warn({ err: error, epoch }, 'failed to record a claim'));
  else await recording;
  const claim: JournalEntry = { entry: 'facts', recoverFrom: 0, facts };
  const quietUntil = entries.length === 0 ? 0 : now() + clock.toProjectMs(quietMs);
  const ledger = restore([...entries, claim], epoch, settings, quietUntil);
  return {
    data: { ledger, entriesSinceSnapshot: entries.length, snapshotAfter, snapshot: undefined },
    now,
    lostAt: isLost ? claimedAt : undefined,
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
