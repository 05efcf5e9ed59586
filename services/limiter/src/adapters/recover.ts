import type { Clock } from '@paceline/shared/clock';
import type { Fact, JournalEntry } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import type { Ledger } from '../core/ledger.ts';
import { timeAtTakeOver, timeOf } from '../core/ledger-time.ts';
import { restore, weighs } from '../core/restore.ts';
import type { Settings } from '../core/settings.ts';
import type { FirstStart } from './first-start.ts';
import { type Journal, JournalTaken } from './journal.ts';
import { type LedgerClock, startLedgerClock } from './ledger-clock.ts';

/** A ledger that was taken over, and its time. */
export interface Recovered {
  readonly ledger: Ledger;
  readonly now: LedgerClock;
  /** With what is known of this owner's clock. */
  readonly settings: Settings;
  /** How many entries had to be read. */
  readonly read: number;
  /** When it was found that the journal of before is gone. */
  readonly lostAt: number | undefined;
}

export interface RecoverParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly firstStart: FirstStart;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly log: Logger;
}

/** What is known from before, when a ledger is read anew. */
export interface Before {
  /** Whether this owner has claimed the partition before: then nobody else may have since. */
  readonly claimed: boolean;
  /** The latest epoch that a permit was seen of: the journal must reach as far. */
  readonly epochSeen: number;
}

/** Real ms in which those who waited before ask again: the most urgent goes first, not who is the quickest. */
const quiet = 500;

/**
 * Reads the journal, claims it, and gives the ledger that it tells of. A journal that is gone although there was one
 * counts every budget as spent.
 * @throws {JournalTaken} when somebody else has claimed it since we did
 */
export async function recover(parts: RecoverParts, before: Before): Promise<Recovered> {
  const { owner, journal, firstStart, clock, log } = parts;
  const { entries, lastStoredAt, lastSequence } = await journal.read();
  if (before.claimed && lastOwner(entries) !== owner) throw new JournalTaken('the last claim is not ours');
  const isNew = entries.length === 0;
  const heard = await journal.time();
  const settings = { ...parts.settings, clockLag: Math.ceil(clock.fromMachine(heard.tookMs)) };
  const last = entries.at(-1);
  const from = timeAtTakeOver({
    now: clock.at(heard.realMs),
    last: last && { at: timeOf(last), storedAt: clock.at(lastStoredAt ?? heard.realMs) },
    weighs: (at) => weighs(restore(entries, 0, settings), at, settings),
  });
  const now = startLedgerClock(clock, from, heard);

  // Who has claimed it before knows by itself, and needs not wait until the note can be read.
  const noted = before.claimed ? 0 : await firstStart.noted();
  const seen = Math.max(before.epochSeen, firstStart.reached(), noted);
  const gone = seen > lastSequence;
  const lostAt = gone ? now() : undefined;
  const facts: Fact[] = [{ fact: 'claimed', owner, at: now() }];
  if (lostAt !== undefined) facts.unshift({ fact: 'journal_lost', at: lostAt });
  const epoch = await journal.append({ entry: 'facts', facts });
  const noting = firstStart.note(epoch);
  if (before.claimed)
    noting.catch((error: unknown) => log.warn({ err: error, epoch }, 'a claim is not noted'));
  else await noting;
  const claim: JournalEntry = { entry: 'facts', recoverFrom: 0, facts };
  const quietUntil = isNew ? 0 : now() + clock.fromMachine(quiet);
  const ledger = restore([...entries, claim], epoch, settings, quietUntil);
  return { ledger, now, settings, read: entries.length, lostAt };
}

/** Who claimed the partition last, as far as the journal tells. */
function lastOwner(entries: readonly JournalEntry[]): string | undefined {
  const owners = entries.flatMap((entry) => {
    if (entry.entry === 'restated') return [entry.owner];
    return entry.facts.flatMap((fact) => (fact.fact === 'claimed' ? [fact.owner] : []));
  });
  return owners.at(-1);
}
