import type { SyncKind } from '@paceline/shared/definition';
import { Kvm } from '@nats-io/kv';
import { type Bus, retryWhileUnavailable } from '@paceline/shared/messaging';

/** Remembers how far all schedulers together have come. */
export interface Handled {
  /** When the last slot of a kind that was dealt with was to open; of `told` the last version that was told of. */
  last(what: SyncKind | 'told'): Promise<number | undefined>;
  /** Written after the message is on its way: whoever dies in between publishes it again, and the broker drops it. */
  remember(what: SyncKind | 'told', last: number): Promise<void>;
}

export async function openHandled(bus: Bus): Promise<Handled> {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open('SCHEDULER'));
  return {
    async last(what) {
      const entry = await retryWhileUnavailable(() => bucket.get(what));
      return entry ? Number(entry.string()) : undefined;
    },
    async remember(what, last) {
      await retryWhileUnavailable(() => bucket.put(what, String(last)));
    },
  };
}
