import type { JournalEntry } from '@paceline/shared/contracts';

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
