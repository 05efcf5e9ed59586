import { jetstreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/nats-core';
import { ConstantBackoff, handleType, retry } from 'cockatiel';
import {
  type EventMessage,
  type PayloadOf,
  type SignalMessage,
  subjectOf,
  type WorkMessage,
} from '../contracts/index.ts';
import { activeSpan, injectTraceContext, inSpan, SpanKind } from '../telemetry/index.ts';
import { type Bus, encode, retryWhileUnavailable } from './bus.ts';

/** Stores a message; within the stream's window `id` is stored once. @throws {BadPayload} when it breaks its contract */
export function publish<M extends WorkMessage | EventMessage>(
  bus: Bus,
  message: M,
  payload: PayloadOf<M>,
  options: { id?: string } = {},
): Promise<{ duplicate: boolean; sequence: number }> {
  const subject = subjectOf(message);
  const data = encode(message.payload, payload);
  const msgID = options.id ?? crypto.randomUUID();
  const attributes = {
    ...messagingAttributes(subject, 'send', 'publish'),
    'messaging.message.id': msgID,
    'messaging.message.body.size': data.length,
  };
  const send = () => {
    const carried = headers();
    injectTraceContext(carried);
    return store(bus, subject, data, carried, msgID);
  };
  // An event outside of any span would be a trace of its own, and bury the others.
  if (!activeSpan()) return send();
  return inSpan(`publish ${subject}`, { kind: SpanKind.PRODUCER, attributes }, send);
}

/** Publishes to current subscribers; nothing is stored. @throws {BadPayload} */
export function signal<M extends SignalMessage>(
  bus: Bus,
  message: M,
  tokens: Record<string, string | number>,
  payload: PayloadOf<M>,
): void {
  bus.connection.publish(subjectOf(message, tokens), encode(message.payload, payload));
}

/** Attributes of every span about a message, by OpenTelemetry's conventions. @param name the operation, our word */
export const messagingAttributes = (subject: string, type: 'send' | 'process', name: string) => ({
  'messaging.system': 'nats',
  'messaging.destination.name': subject,
  'messaging.operation.type': type,
  'messaging.operation.name': name,
});

/**
 * The broker reports a message of this id as a duplicate, without a sequence: it is about to store it, or lost it in an
 * election and remembers its id all the same (nats-server before 2.11, until the stream's window for duplicates is over).
 */
class NotStored extends Error {
  override name = 'NotStored';
}

/** What is about to be stored has its place within milliseconds. */
const untilPlaced = retry(handleType(NotStored), { maxAttempts: 8, backoff: new ConstantBackoff(250) });

/** Publishes until it is stored, through restarts and elections. @throws when the broker is away for long, or refuses it */
export async function store(
  { js }: Bus,
  subject: string,
  data: string | Uint8Array,
  headers: MsgHdrs,
  id: string,
): Promise<{ duplicate: boolean; sequence: number }> {
  const storeAs = (msgID: string) =>
    untilPlaced.execute(async () => {
      const { duplicate, seq } = await retryWhileUnavailable(() =>
        js.publish(subject, data, { headers, msgID }),
      );
      if (seq === 0) throw new NotStored(`the broker knows of the message ${msgID} and has not stored it`);
      return { duplicate, sequence: seq };
    });
  try {
    return await storeAs(id);
  } catch (error) {
    if (!(error instanceof NotStored)) throw error;
    // Should the first one be there after all, its handler does the same work once.
    return storeAs(`${id}:again`);
  }
}

/** The id of a stored message; undefined when it is gone. Asks the leader. @throws when that does not answer */
export async function storedMessageId(
  bus: Bus,
  { stream }: WorkMessage,
  sequence: number,
): Promise<string | undefined> {
  // A stream begins with 1.
  if (sequence < 1) return undefined;
  const { streams } = await jetstreamManager(bus.connection, { checkAPI: false });
  const stored = await streams.getMessage(stream, { seq: sequence });
  return stored?.header.get('Nats-Msg-Id');
}
