import type { Fact, JournalEntry } from '@paceline/shared/contracts';
import { timeAtTakeOver, timeOf } from './ledger-time.ts';
import { restore, weighs } from './restore.ts';
import type { Settings } from './settings.ts';

/** What an owner knows of its partition when it reads the journal again. */
export interface Known {
  /** Whether this owner has claimed the partition before: then nobody else may have since. */
  readonly claimed: boolean;
  /** The latest epoch that a permit was seen of: the journal must reach as far. */
  readonly epochSeen: number;
}

/** The entries that matter, oldest first, and when the broker stored the last one (project ms by its clock). */
export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  readonly lastStoredAt: number;
}

/** Whether another owner has claimed the partition since this one did. */
export const isTaken = (entries: readonly JournalEntry[], owner: string, { claimed }: Known): boolean =>
  claimed && lastOwner(entries) !== owner;

function lastOwner(entries: readonly JournalEntry[]): string | undefined {
  const owners = entries.flatMap((entry) => {
    if (entry.entry === 'restated') return [entry.owner];
    return entry.facts.flatMap((fact) => (fact.fact === 'claimed' ? [fact.owner] : []));
  });
  return owners.at(-1);
}

/** The ledger's time (project ms) at the moment at which the broker's clock shows `brokerNow`. */
export function ledgerTime(
  { entries, lastStoredAt }: JournalContent,
  brokerNow: number,
  settings: Settings,
): number {
  const last = entries.at(-1);
  return timeAtTakeOver({
    now: brokerNow,
    last: last && { at: timeOf(last), storedAt: lastStoredAt },
    weighs: (at) => weighs(restore(entries, 0, settings), at, settings),
  });
}

/** The entry with which an owner takes a partition over. A lost journal counts every budget as spent. */
export const claimOf = (owner: string, at: number, isLost: boolean): Fact[] => [
  ...(isLost ? [{ fact: 'journal_lost', at } as const] : []),
  { fact: 'claimed', owner, at },
];
