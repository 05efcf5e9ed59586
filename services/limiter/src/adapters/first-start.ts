import { Kvm } from '@nats-io/kv';
import { type Bus, retryWhileUnavailable } from '@paceline/shared/messaging';

/** Remembers, apart from the journal, that a partition has been ruled before: an empty journal is then a lost one. */
export interface FirstStart {
  /** Whether the partition was ruled before. */
  hasRun(): Promise<boolean>;
  note(epoch: number): Promise<void>;
}

export function firstStartOf(bus: Bus, partition: number): FirstStart {
  const key = `ruled-${partition}`;
  let ruledByUs = false;
  const open = () => retryWhileUnavailable(() => new Kvm(bus.js).open('LIMITER'));
  return {
    async hasRun() {
      if (ruledByUs) return true;
      const bucket = await open();
      return (await retryWhileUnavailable(() => bucket.get(key))) !== null;
    },
    async note(epoch) {
      ruledByUs = true;
      const bucket = await open();
      await retryWhileUnavailable(() => bucket.put(key, String(epoch)));
    },
  };
}
