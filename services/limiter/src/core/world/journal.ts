import type { Fact, JournalEntry } from '@paceline/shared/contracts';

/** A partition's journal as an array: it takes an entry only from who has seen the last one. */
export interface Journal {
  readonly entries: readonly JournalEntry[];
  /** When the broker stored the last one, by its own clock. */
  lastStoredAt(): number;
  /** The new length; undefined when somebody else has appended since. */
  append(facts: readonly Fact[], expected: number): number | undefined;
}

/** @param brokerTime asked once for every entry, with what it holds */
export function createJournal(brokerTime: (facts: readonly Fact[]) => number): Journal {
  const entries: JournalEntry[] = [];
  let storedAt = 0;
  return {
    entries,
    lastStoredAt: () => storedAt,
    append(facts, expected) {
      if (expected !== entries.length) return undefined;
      storedAt = brokerTime(facts);
      // As read from the wire: nobody shares a fact with who wrote it.
      return entries.push({ entry: 'facts', recoverFrom: 0, facts: structuredClone([...facts]) });
    },
  };
}
