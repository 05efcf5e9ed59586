import { Kvm } from '@nats-io/kv';
import { type Bus, retryWhileUnavailable } from '@paceline/shared/messaging';

/**
 * Remembers, apart from the journal, that a partition has been ruled before, and how far its journal reached when this
 * process wrote to it: one that is empty, or shorter, has been lost.
 */
export interface FirstStart {
  /** Whether the partition was ruled before. */
  hasRun(): Promise<boolean>;
  note(epoch: number): Promise<void>;
  /** The sequence of the last entry that this process appended; 0 before the first. */
  reached(): number;
  appended(sequence: number): void;
}

export function firstStartOf(bus: Bus, partition: number): FirstStart {
  const key = `ruled-${partition}`;
  let ruledByUs = false;
  let reached = 0;
  const open = () => retryWhileUnavailable(() => new Kvm(bus.js).open('LIMITER'));
  return {
    async hasRun() {
      if (ruledByUs) return true;
      const bucket = await open();
      return (await retryWhileUnavailable(() => bucket.get(key))) !== null;
    },
    reached: () => reached,
    appended(sequence) {
      reached = sequence;
    },
    async note(epoch) {
      ruledByUs = true;
      const bucket = await open();
      await retryWhileUnavailable(() => bucket.put(key, String(epoch)));
    },
  };
}
