import type { JournalEntry } from '@paceline/shared/contracts';
import { hasGap } from '@paceline/limiter/core/recovery';

type WithoutPlace<Entry> = Entry extends unknown ? Omit<Entry, 'recoverFrom' | 'previous'> : never;
export type NewEntry = WithoutPlace<JournalEntry>;

interface StoredEntry {
  readonly sequence: number;
  readonly storedAt: number;
  readonly entry: JournalEntry;
}

/** A partition's journal as one limiter sees it: it accepts an append only from an owner that has seen the last entry. */
export interface Journal {
  /** The entries needed for recovery, and when the broker stored the last one by its clock. */
  read(): {
    readonly entries: readonly JournalEntry[];
    readonly lastStoredAt: number;
    readonly lastSequence: number;
    readonly hasGap: boolean;
  };
  /** The sequence of the new entry; `refused` if another owner has appended since; `nothing` if there is no answer. */
  append(entry: NewEntry, expected: number): number | 'refused' | 'nothing';
  /** Recovery starts at `sequence` once the next entry is written. */
  recoverFrom(sequence: number): void;
  /** The sequence of the last entry appended here. */
  reached(): number;
}

/**
 * A broker that keeps the journal, and that can lose, fork and hide what it has acknowledged.
 * @param brokerTime called once per entry
 */
export function createBroker(brokerTime: (entry: NewEntry) => number) {
  /** Every entry ever acknowledged. */
  const written: JournalEntry[] = [];
  let current: StoredEntry[] = [];
  let hidden = 0;
  let isDeaf = false;
  let isForked = false;

  const sequenceOf = (stored: readonly StoredEntry[]): number => stored.at(-1)?.sequence ?? 0;

  return {
    entries: written as readonly JournalEntry[],
    /** A limiter's connection: after a fork the earlier ones keep their branch until it is discarded. */
    connect(): Journal {
      let own: StoredEntry[] | undefined = current;
      let recoverFrom = 0;
      let reached = 0;
      const branch = () => (isForked && own ? own : current);
      return {
        read() {
          own = branch();
          const stored = own.slice(0, own.length - hidden);
          hidden = 0;
          recoverFrom = stored.at(-1)?.entry.recoverFrom ?? 0;
          const needed = stored.flatMap(({ sequence, entry }, index) =>
            sequence >= recoverFrom ? [{ sequence, after: stored[index - 1]?.sequence, entry }] : [],
          );
          return {
            entries: needed.map(({ entry }) => entry),
            hasGap: hasGap(needed, recoverFrom),
            lastStoredAt: stored.at(-1)?.storedAt ?? 0,
            lastSequence: sequenceOf(stored),
          };
        },
        append(entry, expected) {
          if (isDeaf) return 'nothing';
          const stored = branch();
          if (expected !== sequenceOf(stored)) return 'refused';
          const sequence = expected + 1;
          // Copied, as over the network: a reader never shares a fact with its writer.
          const copy = structuredClone({ ...entry, recoverFrom, previous: expected }) as JournalEntry;
          written.push(copy);
          stored.push({ sequence, storedAt: brokerTime(entry), entry: copy });
          reached = sequence;
          return sequence;
        },
        recoverFrom(sequence) {
          recoverFrom = sequence;
        },
        reached: () => reached,
      };
    },
    /** Acknowledged entries are lost: those of the last seconds before a power cut, or all since an old copy of the disk. */
    loseEnd(count: number): void {
      current.splice(Math.max(0, current.length - count));
    },
    /** A damaged block loses entries between others. */
    loseMiddle(from: number, count: number): void {
      current.splice(Math.min(from, Math.max(0, current.length - 1)), count);
    },
    /** The next read is answered by a server that has not seen the last entries. */
    hideEnd(count: number): void {
      hidden = Math.min(count, current.length);
    },
    /** Limiters that connect from now on get a branch without the last entries; the others keep theirs. */
    fork(lost: number): void {
      isForked = true;
      current = current.slice(0, Math.max(0, current.length - lost));
    },
    /** The older branch is discarded: every limiter gets the newer one. */
    discardBranch(): void {
      isForked = false;
    },
    /** Whether appends get no answer, although reads do. */
    setDeaf(deaf: boolean): void {
      isDeaf = deaf;
    },
  };
}
