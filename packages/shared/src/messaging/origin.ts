import { JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import { ConfigError } from '../config/index.ts';
import { type Origin, origin, originBucket, originKey } from '../contracts/index.ts';
import { BadPayload, decode, retryUntilFormed } from './bus.ts';

/** Which upstream and clock the broker's state depends on; undefined: not marked, as by an earlier version. @throws {ConfigError} */
export async function brokerOrigin(broker: JetStreamClient | NatsConnection): Promise<Origin | undefined> {
  const bucket = await new Kvm(broker).open(originBucket);
  const entry = await retryUntilFormed(() => markIn(bucket));
  return entry === null ? undefined : read(entry.value);
}

function read(mark: Uint8Array): Origin {
  try {
    return decode(origin, mark);
  } catch (error) {
    if (!(error instanceof BadPayload)) throw error;
    const what = `The key ${originKey} of the bucket ${originBucket} on the broker says whose state it is, and cannot be read (${error.message})`;
    throw new ConfigError([`${what}: delete the key if the state belongs to this upstream and clock.`]);
  }
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
