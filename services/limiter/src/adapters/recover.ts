import type { Clock } from '@paceline/shared/clock';
import type { JournalEntry } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import type { Held } from '../core/partition.ts';
import { claimOf, isTaken, type Known, ledgerTime, restore } from '../core/recovery.ts';
import type { Settings } from '../core/settings.ts';
import type { HighWaterMark } from './high-water-mark.ts';
import { type BrokerMoment, type Journal, JournalTaken } from './journal.ts';

/** A partition that was taken over. */
export interface Recovered {
  readonly held: Held;
  readonly now: LedgerClock;
  /** When the journal of before was found to be gone; undefined when it was there. */
  readonly lostAt: number | undefined;
}

export interface RecoverParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly highWaterMark: HighWaterMark;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly log: Logger;
}

/** Real ms in which those who waited before ask again: the most urgent goes first, not the quickest. */
const quiet = 500;
/** Entries after which everything that matters is restated, so that recovery stays short. */
const restateAfter = 500;

/**
 * Reads the journal, claims it, and gives the ledger that it describes. A journal that is gone although there was one
 * counts every budget as spent.
 * @throws {JournalTaken} when another owner has claimed it since this one did
 */
export async function recover(parts: RecoverParts, known: Known): Promise<Recovered> {
  const { owner, journal, highWaterMark, clock, log } = parts;
  const { entries, lastStoredAt, lastSequence } = await journal.read();
  if (isTaken(entries, owner, known)) throw new JournalTaken('the last claim is not ours');
  const heard = await journal.time();
  // The true time may be ahead of the broker's answer by what that took.
  const settings = { ...parts.settings, clockLag: Math.ceil(clock.fromMachine(heard.tookMs)) };
  const content = { entries, lastStoredAt: clock.at(lastStoredAt ?? heard.realMs) };
  const now = startLedgerClock(clock, ledgerTime(content, clock.at(heard.realMs), settings), heard);

  // An owner that has claimed it before knows by itself, and need not wait until the note can be read.
  const noted = known.claimed ? 0 : await highWaterMark.noted();
  const isLost = Math.max(known.epochSeen, highWaterMark.reached(), noted) > lastSequence;
  const claimedAt = now();
  const facts = claimOf(owner, claimedAt, isLost);
  const epoch = await journal.append({ entry: 'facts', facts });
  const noting = highWaterMark.note(epoch);
  if (known.claimed)
    noting.catch((error: unknown) => log.warn({ err: error, epoch }, 'failed to record a claim'));
  else await noting;
  const claim: JournalEntry = { entry: 'facts', recoverFrom: 0, facts };
  const quietUntil = entries.length === 0 ? 0 : now() + clock.fromMachine(quiet);
  const ledger = restore([...entries, claim], epoch, settings, quietUntil);
  return {
    held: { ledger, entries: entries.length, restateAfter, restating: undefined },
    now,
    lostAt: isLost ? claimedAt : undefined,
  };
}

/** The time of a ledger, project ms: whole, and never earlier than before. */
export type LedgerClock = () => number;

/**
 * A ledger's time while one process owns it: `from` at the moment when the broker was heard, and from there on by this
 * process's monotonic clock. What is done to a host's clock changes nothing. What a message takes from the broker to
 * here is never added: this time is behind the broker's, not ahead.
 */
export function startLedgerClock(clock: Clock, from: number, { heardAt }: BrokerMoment): LedgerClock {
  let latest = 0;
  return () => {
    const now = Math.floor(from + clock.fromMachine(clock.machine.elapsed() - heardAt));
    latest = Math.max(latest, now);
    return latest;
  };
}
