import { DeliverPolicy, type JetStreamManager, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { eventsBySubject, type StreamedEvent } from '../contracts/index.ts';
import { repeatedFailure } from '../telemetry/index.ts';
import { type Bus, decode, retryWhileUnavailable } from './bus.ts';
import { fetchBatch, openConsumer, type WorkConsumer, pullWhile } from './handle.ts';
import { eventConsumer } from './provision.ts';

/** An event of the stream. */
export interface StoredEvent {
  readonly sequence: number;
  /** Of its payload. */
  readonly bytes: number;
  /** Parses it each time; undefined when it can't be parsed. */
  read(): StreamedEvent | undefined;
}

/** Reads the event stream by sequence. */
export type EventStream = ReturnType<typeof eventStream>;

const stream = 'EVENTS';

export function eventStream(bus: Bus) {
  let managing: Promise<JetStreamManager> | undefined;
  const manager = () =>
    (managing ??= retryWhileUnavailable(() => jetstreamManager(bus.connection, { checkAPI: false })));

  async function readOne(sequence: number): Promise<StoredEvent | undefined> {
    const { direct } = await manager();
    const stored = await retryWhileUnavailable(() => direct.getMessage(stream, { seq: sequence }));
    return stored ? storedEvent(bus, sequence, stored) : undefined;
  }

  return {
    /** The stored range of sequences; empty when `last` is below `first`. */
    async range() {
      const { streams } = await manager();
      const { state } = await streams.info(stream);
      return { first: state.first_seq, last: state.last_seq };
    },
    /** Stored events from `from` to `to`, both inclusive; without those that have expired. */
    async read(from: number, to: number) {
      const sequences = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      const found = await Promise.all(sequences.map(readOne));
      return found.filter((each) => each !== undefined);
    },
    /** Calls `onEvent` with every event after `after`, in order, until the signal aborts. @throws when the stream fails */
    async follow(after: number, onEvent: (event: StoredEvent) => void, signal: AbortSignal) {
      const consumer = await bus.js.consumers.get(stream, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: after + 1,
      });
      const messages = await consumer.consume({
        expires: 5_000,
        idle_heartbeat: 1_000,
        max_messages: 500,
        // Otherwise it would wait for the next sequence of a stream that starts again at 1.
        abort_on_missing_resource: true,
      });
      const stop = () => messages.stop();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      try {
        for await (const message of messages) {
          onEvent(storedEvent(bus, message.seq, message));
        }
      } finally {
        signal.removeEventListener('abort', stop);
        await consumer.delete().catch(() => undefined);
      }
    },
  };
}

type Stored = { readonly subject: string; readonly data: Uint8Array };

function storedEvent(bus: Bus, sequence: number, { subject, data }: Stored): StoredEvent {
  // A copy, as the message is a part of a larger buffer, which it would keep.
  const stored = { subject, data: data.slice() };
  return { sequence, bytes: data.length, read: () => readEvent(bus, sequence, stored) };
}

/** Parses an event; an unknown or invalid one is logged and skipped. */
function readEvent(bus: Bus, sequence: number, { subject, data }: Stored): StreamedEvent | undefined {
  const [name, message] = eventsBySubject.get(subject) ?? [];
  try {
    if (name === undefined || message === undefined) throw new Error(`unknown event ${subject}`);
    // `decode` validated the payload against the schema of that name.
    return { name, sequence, payload: decode(message.payload, data) } as StreamedEvent;
  } catch (error) {
    bus.log.warn({ err: error, subject, sequence }, 'skipped an event');
    return undefined;
  }
}

const batchSize = 100;
/** Real ms that a request for events waits at the broker. */
const pullMs = 5_000;
const retryMs = 500;

/** Distributes events in batches among all processes that call this. A failed batch is redelivered, possibly out of order. */
export async function consumeEvents(
  bus: Bus,
  onBatch: (events: readonly StreamedEvent[]) => Promise<void>,
): Promise<WorkConsumer> {
  const consumer = await openConsumer(bus, eventConsumer);
  const stopping = new AbortController();
  const failures = repeatedFailure((err) => bus.log.warn({ err }, 'failed to process events, retrying'));
  const loop = pullWhile(bus, stopping.signal, eventConsumer, async () => {
    let messages: JsMsg[] = [];
    const batch = fetchBatch(consumer, { max_messages: batchSize, expires: pullMs }, stopping.signal);
    for await (const message of batch) {
      messages.push(message);
      // What the stream has now, without waiting for more.
      if (message.info.pending > 0) continue;
      await settle(messages);
      messages = [];
    }
    await settle(messages);
  });

  async function settle(messages: readonly JsMsg[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      const events = messages.map((message) => readEvent(bus, message.seq, message));
      await onBatch(events.filter((event) => event !== undefined));
      for (const message of messages) message.ack();
      failures.succeeded();
    } catch (error) {
      failures.failed(error);
      for (const message of messages) message.nak(retryMs);
    }
  }

  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
