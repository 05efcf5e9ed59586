import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  PersistMode,
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
import type { VariableName } from '../config/index.ts';
import { retryUntilFormed } from './bus.ts';

/** Stream limits that override the catalog. */
export type StreamLimits = Partial<Record<Stream['name'], Partial<Pick<Stream, 'maxAgeMs' | 'maxBytes'>>>>;

const mebibyte = 1_048_576;
/** Bytes of a bucket, which holds a few small keys. */
const defaultBucketBytes = 16 * mebibyte;
/** Bytes of a stream without a limit, on an account that requires one. */
const requiredBytes = 256 * mebibyte;

/** Creates or updates streams, consumers and buckets with `replicas` copies; creates a stream again that can't have copies. Idempotent. */
export async function provision(
  connection: NatsConnection,
  replicas = 1,
  limits: StreamLimits = {},
  bucketBytes = defaultBucketBytes,
): Promise<void> {
  const manager = await retryUntilFormed(() => jetstreamManager(connection));
  const account = await retryUntilFormed(() => manager.getAccountInfo());
  for (const stream of streams) {
    const limited = { ...stream, ...limits[stream.name] };
    const isUnbounded = limited.maxBytes < 0 && account.limits.max_bytes_required;
    const sized = isUnbounded ? { ...limited, maxBytes: requiredBytes } : limited;
    await explained(stream.name, sized.maxBytes, () => ensureStream(manager, sized, replicas));
  }
  const work = (Object.values(catalog) as Message[]).filter(({ kind }) => kind === 'work') as WorkMessage[];
  for (const { stream, config } of [...work.map(workConsumer), eventConsumer])
    await explained(stream, undefined, () => manager.consumers.add(stream, config));
  const kvm = new Kvm(connection);
  for (const { name } of buckets) {
    const stream = `KV_${name}`;
    await explained(stream, bucketBytes, () =>
      kvm.create(name, { replicas, history: 1, max_bytes: bucketBytes }),
    );
    await explained(stream, bucketBytes, () =>
      manager.streams.update(stream, { num_replicas: replicas, max_bytes: bucketBytes }),
    );
  }
}

/** The variable that sets the size of a stream. */
const sizeVariables: Readonly<Record<Stream['name'], VariableName>> = {
  TICKS: 'RETENTION_TICKS_SIZE',
  COMMANDS: 'RETENTION_COMMANDS_SIZE',
  EVENTS: 'RETENTION_EVENT_STREAM_SIZE',
  DEAD_LETTERS: 'RETENTION_DEAD_LETTERS_SIZE',
  LIMITER_JOURNAL: 'RETENTION_JOURNAL_SIZE',
};

/** Codes of JetStream for limits of the account or the server. */
const limitCodes = {
  storage: new Set([10_002, 10_023, 10_028, 10_047, 10_122]),
  maxBytesRequired: 10_113,
  consumers: 10_026,
  streams: 10_027,
};

/** Runs a step until the cluster is formed. @throws {Error} naming the limit of the account that refuses it, and what to set */
async function explained<T>(stream: string, bytes: number | undefined, step: () => Promise<T>): Promise<T> {
  try {
    return await retryUntilFormed(step);
  } catch (error) {
    const advice = error instanceof JetStreamApiError ? adviceFor(error.code, stream, bytes) : undefined;
    if (advice === undefined) throw error;
    throw new Error(`${stream} can't be provisioned (${(error as Error).message}): ${advice}`, {
      cause: error,
    });
  }
}

function adviceFor(code: number, stream: string, bytes: number | undefined): string | undefined {
  const variable = sizeVariables[stream as Stream['name']] ?? 'RETENTION_BUCKET_SIZE';
  if (code === limitCodes.maxBytesRequired) return `set ${variable}`;
  if (limitCodes.storage.has(code) && bytes !== undefined)
    return `it reserves ${Math.ceil(bytes / mebibyte)} MiB; lower ${variable}, or give the account more storage`;
  if (code === limitCodes.streams)
    return `the account must allow ${streams.length + buckets.length} streams (${buckets.length} of them are buckets)`;
  if (code === limitCodes.consumers) return 'the account must allow more consumers';
  return undefined;
}

async function ensureStream(manager: JetStreamManager, stream: Stream, replicas: number): Promise<void> {
  const config = {
    subjects: [...stream.subjects],
    max_age: nanos(stream.maxAgeMs),
    max_bytes: stream.maxBytes,
    duplicate_window: nanos(stream.duplicateWindowMs),
    num_replicas: replicas,
    allow_direct: true,
    // Full work queues and a full journal reject new entries, as none may be lost; other streams drop the oldest.
    discard: isLossless(stream) ? DiscardPolicy.New : DiscardPolicy.Old,
  };
  const known = await manager.streams.info(stream.name).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  });
  const isAsync = known?.config.persist_mode === PersistMode.Async;
  // Copies are not possible then, and the mode can't change. A crash may lose such a stream, so it can be created again.
  if (isAsync && replicas > 1) await manager.streams.delete(stream.name);
  else if (known) {
    await manager.streams.update(stream.name, config);
    return;
  }
  await manager.streams.add({
    ...config,
    name: stream.name,
    storage: StorageType.File,
    retention: stream.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    // Before 2.12 the broker ignores it.
    ...(stream.onDisk === 'soon' && replicas === 1 && { persist_mode: PersistMode.Async }),
  });
}

const isLossless = ({ name, retention }: Stream) => retention === 'workqueue' || name === 'LIMITER_JOURNAL';

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
    filter_subject: sharedEventConsumer.event.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(sharedEventConsumer.ackWaitMs),
    max_ack_pending: 1_000,
  },
};
