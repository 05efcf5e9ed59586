import { Kvm } from '@nats-io/kv';
import { highWaterBucket, highWaterKey } from '@paceline/shared/contracts';
import { type Bus, retryWhileUnavailable } from '@paceline/shared/messaging';
import type { Journal } from './journal.ts';

/**
 * Remembers, apart from the journal, how far a partition's journal has reached: one that is empty, or shorter, has been
 * lost. Whoever restores a journal from a backup notes more than any journal reaches (`journalRestored`).
 */
export interface HighWaterMark {
  /** How far the journal reached at the last claim, as far as that is noted; 0 before the first. */
  noted(): Promise<number>;
  note(epoch: number): Promise<void>;
  /** The sequence of the last entry that this process appended; 0 before the first. */
  reached(): number;
  appended(sequence: number): void;
}

export function highWaterMarkOf(bus: Bus, partition: number): HighWaterMark {
  const key = highWaterKey(partition);
  let reached = 0;
  const open = () => retryWhileUnavailable(() => new Kvm(bus.js).open(highWaterBucket));
  return {
    async noted() {
      const bucket = await open();
      const entry = await retryWhileUnavailable(() => bucket.get(key));
      return entry ? Number(entry.string()) : 0;
    },
    reached: () => reached,
    appended(sequence) {
      reached = sequence;
    },
    async note(epoch) {
      const bucket = await open();
      await retryWhileUnavailable(() => bucket.put(key, String(epoch)));
    },
  };
}

/** A journal that tells the sequence of each entry that is appended through it, and whether it was a claim. */
export const reporting = (journal: Journal, tell: (sequence: number, isClaim: boolean) => void): Journal => ({
  ...journal,
  async append(entry) {
    const sequence = await journal.append(entry);
    tell(sequence, entry.entry === 'facts' && entry.facts.some(({ fact }) => fact === 'claimed'));
    return sequence;
  },
});
