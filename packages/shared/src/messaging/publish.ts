import { headers } from '@nats-io/nats-core';

import {
  type EventMessage,
  type PayloadOf,
  type SignalMessage,
  subjectOf,
  type WorkMessage,
} from '../contracts/index.ts';
import { activeSpan, injectTraceContext, inSpan, SpanKind } from '../telemetry/index.ts';
import type { Bus } from './bus.ts';
import { encode } from './payload.ts';
import { store } from './store.ts';

/**
 * Publishes to a stream and waits until the broker has stored it.
 * @param options.id a second message of this id within the stream's window is dropped, so a retry is safe
 * @returns whether the broker had it already, and its place in the stream
 * @throws {BadPayload} when the payload breaks its contract
 */
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
  // News that belongs to no work would be a trace of its own, and bury the others.
  if (!activeSpan()) return send();
  return inSpan(`publish ${subject}`, { kind: SpanKind.PRODUCER, attributes }, send);
}

/** Tells whoever listens now. @throws {BadPayload} */
export function signal<M extends SignalMessage>(
  bus: Bus,
  message: M,
  tokens: Record<string, string | number>,
  payload: PayloadOf<M>,
): void {
  bus.connection.publish(subjectOf(message, tokens), encode(message.payload, payload));
}

/** What every span about a message says, by OpenTelemetry's conventions. @param name the operation in our own words */
export const messagingAttributes = (subject: string, type: 'send' | 'process', name: string) => ({
  'messaging.system': 'nats',
  'messaging.destination.name': subject,
  'messaging.operation.type': type,
  'messaging.operation.name': name,
});
