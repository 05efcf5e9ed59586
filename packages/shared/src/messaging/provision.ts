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

/** How much a stream keeps, where that differs from the catalog. */
export type StreamBounds = Partial<Record<Stream['name'], Pick<Stream, 'maxAgeMs' | 'maxBytes'>>>;

/** Creates and updates streams, consumers and buckets with `replicas` copies; deletes nothing. Safe to repeat. */
export async function provision(
  connection: NatsConnection,
  replicas = 1,
  bounds: StreamBounds = {},
): Promise<void> {
  const manager = await retryUntilFormed(() => jetstreamManager(connection));
  for (const stream of streams) {
    const bounded = { ...stream, ...bounds[stream.name] };
    await retryUntilFormed(() => provideStream(manager, bounded, replicas));
  }
  for (const message of Object.values(catalog) as Message[]) {
    if (message.kind === 'work') await retryUntilFormed(() => provideConsumer(manager, message));
  }
  await retryUntilFormed(() => provideShare(manager));
  const kvm = new Kvm(connection);
  for (const { name } of buckets) {
    await retryUntilFormed(() => kvm.create(name, { replicas, history: 1 }));
    await retryUntilFormed(() => manager.streams.update(`KV_${name}`, { num_replicas: replicas }));
  }
}

async function provideStream(manager: JetStreamManager, stream: Stream, replicas: number): Promise<void> {
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
    // A full stream refuses work, which must not be lost; of events the oldest make room.
    discard: stream.retention === 'workqueue' ? DiscardPolicy.New : DiscardPolicy.Old,
  });
}

async function provideConsumer(manager: JetStreamManager, message: WorkMessage): Promise<void> {
  await manager.consumers.add(message.stream, {
    durable_name: durableOf(message),
    filter_subject: message.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(message.delivery.ackWaitMs),
    // Attempts are counted by the handler, which dead-letters; the broker alone would drop the message silently.
    max_deliver: -1,
    max_ack_pending: 1_000,
  });
}

async function provideShare(manager: JetStreamManager): Promise<void> {
  await manager.consumers.add('EVENTS', {
    durable_name: sharedEventConsumer.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(sharedEventConsumer.ackWaitMs),
    max_ack_pending: 1_000,
  });
}
