import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstreamManager,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import {
  buckets,
  catalog,
  durableOf,
  sharedEventConsumer,
  type Message,
  type Stream,
  streams,
  type WorkMessage,
} from '../contracts/index.ts';
import { retryUntilFormed } from './bus.ts';

/** Stream limits that override the catalog. */
export type StreamLimits = Partial<Record<Stream['name'], Pick<Stream, 'maxAgeMs' | 'maxBytes'>>>;

/** Creates or updates streams, consumers and buckets with `replicas` copies; deletes nothing. Idempotent. */
export async function provision(
  connection: NatsConnection,
  replicas = 1,
  limits: StreamLimits = {},
): Promise<void> {
  const manager = await retryUntilFormed(() => jetstreamManager(connection));
  for (const stream of streams) {
    const limited = { ...stream, ...limits[stream.name] };
    await retryUntilFormed(() => ensureStream(manager, limited, replicas));
  }
  const work = (Object.values(catalog) as Message[]).filter(({ kind }) => kind === 'work') as WorkMessage[];
  for (const { stream, config } of [...work.map(workConsumer), eventConsumer])
    await retryUntilFormed(() => manager.consumers.add(stream, config));
  const kvm = new Kvm(connection);
  for (const { name } of buckets) {
    await retryUntilFormed(() => kvm.create(name, { replicas, history: 1 }));
    await retryUntilFormed(() => manager.streams.update(`KV_${name}`, { num_replicas: replicas }));
  }
}

async function ensureStream(manager: JetStreamManager, stream: Stream, replicas: number): Promise<void> {
  const config = {
    subjects: [...stream.subjects],
    max_age: nanos(stream.maxAgeMs),
    max_bytes: stream.maxBytes,
    duplicate_window: nanos(stream.duplicateWindowMs),
    num_replicas: replicas,
    allow_direct: true,
  };
  const known = await manager.streams.info(stream.name).catch(() => undefined);
  if (known) {
    await manager.streams.update(stream.name, config);
    return;
  }
  await manager.streams.add({
    ...config,
    name: stream.name,
    storage: StorageType.File,
    retention: stream.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    // A full work queue rejects new messages, as none may be lost; a full event stream drops the oldest.
    discard: stream.retention === 'workqueue' ? DiscardPolicy.New : DiscardPolicy.Old,
  });
}

/** The durable consumer of a work message. */
export const workConsumer = (message: WorkMessage) => ({
  stream: message.stream,
  config: {
    durable_name: durableOf(message),
    filter_subject: message.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(message.delivery.ackWaitMs),
    // The handler counts attempts and dead-letters; the broker would drop the message silently.
    max_deliver: -1,
    max_ack_pending: 1_000,
  },
});

/** The durable consumer that the API's processes share. */
export const eventConsumer = {
  stream: 'EVENTS',
  config: {
    durable_name: sharedEventConsumer.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(sharedEventConsumer.ackWaitMs),
    max_ack_pending: 1_000,
  },
};
