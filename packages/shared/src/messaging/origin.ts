import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import { type Origin, origin, originBucket, originKey } from '../contracts/index.ts';
import { retryUntilFormed } from './bus.ts';

/** Which upstream and clock the broker's state depends on; undefined: not marked, as by an earlier version. */
export async function brokerOrigin(broker: JetStreamClient | NatsConnection): Promise<Origin | undefined> {
  const bucket = await new Kvm(broker).open(originBucket);
  const entry = await retryUntilFormed(() => markIn(bucket));
  return entry === null ? undefined : origin.parse(entry.json());
}

/** null: the broker is not provisioned, or not marked. */
const markIn = (bucket: KV): Promise<KvEntry | null> =>
  bucket.get(originKey).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.status === 404) return null;
    throw error;
  });

/** Marks the broker's state as depending on this upstream and clock, unless it is marked already. */
export async function markBroker(connection: NatsConnection, own: Origin): Promise<void> {
  const bucket = await new Kvm(connection).open(originBucket);
  if ((await markIn(bucket)) === null) await bucket.put(originKey, JSON.stringify(own));
}
