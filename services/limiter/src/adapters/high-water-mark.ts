import { Kvm } from '@nats-io/kv';
import { highWaterBucket, highWaterKey, journalRestored } from '@paceline/shared/contracts';
import { type Bus, retryWhileUnavailable } from '@paceline/shared/messaging';
import type { Journal } from './journal.ts';

/**
 * How far a partition's journal has reached, recorded apart from it: an empty or shorter journal has lost entries.
 * Restoring a journal from a backup records more than any journal reaches (`journalRestored`).
 */
export interface HighWaterMark {
  /** The recorded sequence of the last claim; 0 before the first. */
  read(): Promise<number>;
  record(epoch: number): Promise<void>;
  /** The sequence of the last entry that this process appended; 0 before the first. */
  reached(): number;
  appended(sequence: number): void;
}

export function highWaterMarkOf(bus: Bus, partition: number): HighWaterMark {
  const key = highWaterKey(partition);
  let reached = 0;
  const open = () => retryWhileUnavailable(() => new Kvm(bus.js).open(highWaterBucket));
  return {
    async read() {
      const bucket = await open();
      const entry = await retryWhileUnavailable(() => bucket.get(key));
      if (!entry) return 0;
      const mark = Number(entry.string() || Number.NaN);
      if (Number.isFinite(mark)) return mark;
      // In doubt, the journal counts as lost: every budget waits for one window.
      bus.log.error({ key, stored: entry.string().slice(0, 100) }, 'recorded claim unreadable');
      return journalRestored;
    },
    reached: () => reached,
    appended(sequence) {
      reached = sequence;
    },
    async record(epoch) {
      const bucket = await open();
      await retryWhileUnavailable(() => bucket.put(key, String(epoch)));
    },
  };
}

/** The same journal, which also reports the sequence of each appended entry and whether it was a claim. */
export const observed = (
  journal: Journal,
  onAppend: (sequence: number, isClaim: boolean) => void,
): Journal => ({
  ...journal,
  async append(entry) {
    const sequence = await journal.append(entry);
    onAppend(sequence, entry.entry === 'facts' && entry.facts.some(({ fact }) => fact === 'claimed'));
    return sequence;
  },
});
