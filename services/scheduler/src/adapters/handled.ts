import { Kvm } from '@nats-io/kv';
import { buckets, type SyncKind } from '@paceline/shared/contracts';
import { type Bus, retryWhileUnavailable } from '@paceline/shared/messaging';

/** Remembers, for all schedulers together, the last slot of each kind that was dealt with. */
export interface Handled {
  last(kind: SyncKind): Promise<number | undefined>;
  /** Written after the tick is on its way: whoever dies in between publishes it again, and the broker drops it. */
  remember(kind: SyncKind, scheduledFor: number): Promise<void>;
}

export async function openHandled(bus: Bus): Promise<Handled> {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open(buckets[0].name));
  return {
    async last(kind) {
      const entry = await retryWhileUnavailable(() => bucket.get(kind));
      return entry ? Number(entry.string()) : undefined;
    },
    async remember(kind, scheduledFor) {
      await retryWhileUnavailable(() => bucket.put(kind, String(scheduledFor)));
    },
  };
}
