import { DeliverPolicy, type JetStreamManager, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { eventsBySubject, sharedEventConsumer, type StreamedEvent } from '../contracts/index.ts';
import { type Bus, decode, retryWhileUnavailable } from './bus.ts';
import { fetchBatch, type WorkConsumer, pullWhile } from './handle.ts';

/** A place in the stream; `event` is undefined when it can't be read. */
export interface StoredEvent {
  readonly sequence: number;
  readonly event: StreamedEvent | undefined;
}

/** The events, by their sequence in the stream. */
export type EventStream = ReturnType<typeof eventStream>;

const stream = 'EVENTS';

export function eventStream(bus: Bus) {
  let managing: Promise<JetStreamManager> | undefined;
  const manager = () =>
    (managing ??= retryWhileUnavailable(() => jetstreamManager(bus.connection, { checkAPI: false })));

  async function readOne(sequence: number): Promise<StoredEvent | undefined> {
    const { direct } = await manager();
    const stored = await retryWhileUnavailable(() => direct.getMessage(stream, { seq: sequence }));
    return stored ? { sequence, event: readEvent(bus, sequence, stored) } : undefined;
  }

  return {
    /** Which sequences are kept now; none when `last` is below `first`. */
    async range() {
      const { streams } = await manager();
      const { state } = await streams.info(stream);
      return { first: state.first_seq, last: state.last_seq };
    },
    /** What is kept from `from` to `to`, both included; what has been dropped already is missing. */
    async read(from: number, to: number) {
      const sequences = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      const found = await Promise.all(sequences.map(readOne));
      return found.filter((each) => each !== undefined);
    },
    /** Calls `onEvent` with every event after `after`, in order, until the signal aborts. @throws when it breaks off */
    async follow(after: number, onEvent: (event: StoredEvent) => void, signal: AbortSignal) {
      const consumer = await bus.js.consumers.get(stream, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: after + 1,
      });
      const messages = await consumer.consume({ expires: 5_000, idle_heartbeat: 1_000, max_messages: 500 });
      const stop = () => messages.stop();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      try {
        for await (const message of messages) {
          onEvent({ sequence: message.seq, event: readEvent(bus, message.seq, message) });
        }
      } finally {
        signal.removeEventListener('abort', stop);
        await consumer.delete().catch(() => undefined);
      }
    },
  };
}

/** An event as the catalog declares it; one that is unknown or breaks its contract is logged and skipped. */
function readEvent(
  bus: Bus,
  sequence: number,
  { subject, data }: { readonly subject: string; readonly data: Uint8Array },
): StreamedEvent | undefined {
  const [name, message] = eventsBySubject.get(subject) ?? [];
  try {
    if (name === undefined || message === undefined) throw new Error(`unknown event ${subject}`);
    // The payload was checked against the contract of that name.
    return { name, sequence, payload: decode(message.payload, data) } as StreamedEvent;
  } catch (error) {
    bus.log.warn({ err: error, subject, sequence }, 'skipped an event');
    return undefined;
  }
}

const atOnce = 100;
const pauseMs = 500;

/** Shares events in batches among all processes that call this. A failed batch comes again: twice, maybe out of order. */
export async function consumeEvents(
  bus: Bus,
  take: (events: readonly StreamedEvent[]) => Promise<void>,
): Promise<WorkConsumer> {
  const consumer = await retryWhileUnavailable(() =>
    bus.js.consumers.get(stream, sharedEventConsumer.durable),
  );
  const stopping = new AbortController();
  const loop = pullWhile(bus, stopping.signal, stream, async () => {
    const messages: JsMsg[] = [];
    const batch = fetchBatch(consumer, { max_messages: atOnce, expires: 1_000 }, stopping.signal);
    for await (const message of batch) messages.push(message);
    await settle(messages);
  });

  async function settle(messages: readonly JsMsg[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      const events = messages.map((message) => readEvent(bus, message.seq, message));
      await take(events.filter((event) => event !== undefined));
      for (const message of messages) message.ack();
    } catch (error) {
      bus.log.warn({ err: error }, 'events could not be kept yet');
      for (const message of messages) message.nak(pauseMs);
    }
  }

  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
