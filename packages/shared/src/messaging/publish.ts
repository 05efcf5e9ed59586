import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
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

/** Stores a message, once per `id` within the stream's duplicate window. @throws {BadPayload} when the payload is invalid */
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
    const carrier = headers();
    injectTraceContext(carrier);
    return store(bus, subject, data, carrier, msgID);
  };
  // Outside of any span, each event would start its own trace and bury the others.
  if (!activeSpan()) return send();
  return inSpan(`publish ${subject}`, { kind: SpanKind.PRODUCER, attributes }, send);
}

/** Publishes to current subscribers only; nothing is stored. @throws {BadPayload} */
export function signal<M extends SignalMessage>(
  bus: Bus,
  message: M,
  tokens: Record<string, string | number>,
  payload: PayloadOf<M>,
): void {
  bus.connection.publish(subjectOf(message, tokens), encode(message.payload, payload));
}

/** Span attributes of a message, by OpenTelemetry's conventions. @param name of the operation */
export const messagingAttributes = (subject: string, type: 'send' | 'process', name: string) => ({
  'messaging.system': 'nats',
  'messaging.destination.name': subject,
  'messaging.operation.type': type,
  'messaging.operation.name': name,
});

/**
 * The broker knows the message's id but gives no sequence: it is still storing the message, or (before 2.11) lost it in an
 * election and remembers its id until the duplicate window has passed.
 */
class NotStored extends Error {
  override name = 'NotStored';
}

/** "duplicate message id is in process": how nats-server 2.11 and newer say it; older ones name sequence 0. */
const idInProcess = 10_158;
const isInProcess = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === idInProcess;

/** A message that is being stored has a sequence within milliseconds. */
const untilStored = retry(handleType(NotStored), { maxAttempts: 8, backoff: new ConstantBackoff(250) });

/** Publishes until stored, through restarts and elections. @throws when the broker stays unavailable or rejects it */
export async function store(
  { js }: Bus,
  subject: string,
  data: string | Uint8Array,
  headers: MsgHdrs,
  id: string,
): Promise<{ duplicate: boolean; sequence: number }> {
  const storeAs = (msgID: string) =>
    untilStored.execute(async () => {
      const { duplicate, seq } = await retryWhileUnavailable(() =>
        js.publish(subject, data, { headers, msgID }),
      ).catch((error: unknown) => {
        if (isInProcess(error)) return { duplicate: true, seq: 0 };
        throw error;
      });
      if (seq === 0)
        throw new NotStored(`the broker reports message ${msgID} as a duplicate but has not stored it`);
      return { duplicate, sequence: seq };
    });
  try {
    return await storeAs(id);
  } catch (error) {
    if (!(error instanceof NotStored)) throw error;
    // If the first one was stored after all, its handler does the work only once.
    return storeAs(`${id}:again`);
  }
}

/** The id of a stored message; undefined when it is gone. Read from the leader. @throws when the leader does not reply */
export async function storedMessageId(
  bus: Bus,
  { stream }: WorkMessage,
  sequence: number,
): Promise<string | undefined> {
  // Sequences start at 1.
  if (sequence < 1) return undefined;
  const { streams } = await jetstreamManager(bus.connection, { checkAPI: false });
  const stored = await streams.getMessage(stream, { seq: sequence });
  return stored?.header.get('Nats-Msg-Id');
}

/** The ids of the stored messages of a subject, oldest first, up to `max`. */
export async function storedMessageIds(bus: Bus, message: WorkMessage, max: number): Promise<string[]> {
  const { streams } = await jetstreamManager(bus.connection, { checkAPI: false });
  const ids: string[] = [];
  for (let seq = 1; ids.length < max;) {
    const query = { seq, next_by_subj: subjectOf(message) };
    const stored = await streams.getMessage(message.stream, query);
    if (!stored) break;
    ids.push(stored.header.get('Nats-Msg-Id'));
    seq = stored.seq + 1;
  }
  return ids;
}
