import type { JournalEntry } from '@paceline/shared/contracts';

/** An entry as the broker holds it. */
export interface StoredEntry {
  readonly partition: number;
  /** Its sequence in the stream, which all partitions share. */
  readonly sequence: number;
  /** When the broker stored it, real ms since the epoch. */
  readonly storedAt: number;
  readonly entry: JournalEntry;
}
