import { headers, type Msg, type Subscription } from '@nats-io/nats-core';
import {
  type EventMessage,
  inboxPrefix,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
  type SignalMessage,
  subjectOf,
} from '../contracts/index.ts';
import { injectTraceContext } from '../telemetry/index.ts';
import { BadPayload, type Bus, decode } from './bus.ts';

type SubjectTokens = Readonly<Record<string, string | number>>;

/** The headers of a reply without a value: the reason, and a code. */
const [reasonHeader, codeHeader] = ['Nats-Service-Error', 'Nats-Service-Error-Code'];
/** As in HTTP: the request is invalid, or the service can't handle it now. */
type ErrorCode = '400' | '500';

/** A service has received a request and can't handle it; the message is its reason. */
export class RequestFailed extends Error {
  override name = 'RequestFailed';
}

/**
 * Sends a request and waits up to `timeoutMs` (real). Each side validates only what it receives: an invalid
 * request is refused with the reason, an invalid reply fails here.
 * @throws {BadPayload} when request or reply is invalid; {RequestFailed}; a NATS error without a reply
 */
export async function request<M extends RequestMessage>(
  bus: Bus,
  message: M,
  tokens: SubjectTokens,
  payload: PayloadOf<M>,
  timeoutMs: number,
): Promise<ReplyOf<M>> {
  const carrier = headers();
  injectTraceContext(carrier);
  const reply = await bus.connection.request(subjectOf(message, tokens), JSON.stringify(payload), {
    timeout: timeoutMs,
    ...(carrier.keys().length > 0 && { headers: carrier }),
  });
  const reason = reply.headers?.get(reasonHeader);
  if (reason)
    throw reply.headers?.get(codeHeader) === '500' ? new RequestFailed(reason) : new BadPayload(reason);
  return decode(message.reply, reply.data) as ReplyOf<M>;
}

/**
 * Handles requests and refuses invalid ones. `onRequest` replies, or fails with a reason; both can be later. In a `group`,
 * one member gets each request.
 */
export function respond<M extends RequestMessage>(
  bus: Bus,
  message: M,
  tokens: SubjectTokens,
  onRequest: (
    payload: PayloadOf<M>,
    reply: (value: ReplyOf<M>) => void,
    fail: (error: unknown) => void,
  ) => void,
  group?: string,
): Subscription {
  // The broker does not check whether the requester could publish to the reply subject itself.
  const inboxes = ['_INBOX.', ...message.from.map((client) => `${inboxPrefix(client)}.`)];
  const onMessage = (incoming: Msg) => {
    if (!inboxes.some((inbox) => incoming.reply?.startsWith(inbox))) {
      bus.log.warn({ subject: incoming.subject }, 'skipped a request whose reply subject is not an inbox');
      return;
    }
    const sendError = (code: ErrorCode, reason: string) => {
      const carrier = headers();
      carrier.set(reasonHeader, reason.replace(/\s+/g, ' ').slice(0, maxReason));
      carrier.set(codeHeader, code);
      incoming.respond('', { headers: carrier });
    };
    const fail = (error: unknown) => {
      const { subject } = incoming;
      if (error instanceof BadPayload) {
        bus.log.warn({ subject, reason: error.message }, 'refused an invalid request');
        sendError('400', error.message);
      } else {
        bus.log.error({ err: error, subject }, 'request failed');
        sendError('500', (error instanceof Error && error.message) || 'no reason given');
      }
    };
    // After an asynchronous reply no caller would catch the error.
    const reply = (value: ReplyOf<M>) => {
      try {
        incoming.respond(JSON.stringify(value));
      } catch (error) {
        fail(error);
      }
    };
    try {
      onRequest(decode(message.payload, incoming.data) as PayloadOf<M>, reply, fail);
    } catch (error) {
      fail(error);
    }
  };
  return subscribeRaw(bus, subjectOf(message, tokens), onMessage, group);
}

const maxReason = 300;

export interface Responder {
  /** Takes no more requests, and waits until those received are answered. */
  stop(): Promise<void>;
}

/** Answers requests with work that takes a while; one member of the `group` gets each. */
export function respondWith<M extends RequestMessage>(
  bus: Bus,
  message: M,
  group: string,
  work: (payload: PayloadOf<M>) => Promise<ReplyOf<M>>,
): Responder {
  const inProgress = new Set<Promise<void>>();
  const onRequest = (
    payload: PayloadOf<M>,
    reply: (value: ReplyOf<M>) => void,
    fail: (error: unknown) => void,
  ) => {
    const answered = work(payload)
      .then(reply, fail)
      .finally(() => inProgress.delete(answered));
    inProgress.add(answered);
  };
  const subscription = respond(bus, message, {}, onRequest, group);
  return {
    async stop() {
      if (!subscription.isClosed()) await subscription.drain();
      await Promise.all(inProgress);
    },
  };
}

/** Subscribes to new messages; one with an invalid payload is logged and skipped. */
export function subscribe<M extends EventMessage | SignalMessage>(
  bus: Bus,
  message: M,
  tokens: SubjectTokens,
  onMessage: (payload: PayloadOf<M>) => void,
): Subscription {
  return subscribeRaw(bus, subjectOf(message, tokens), (incoming) => {
    try {
      onMessage(decode(message.payload, incoming.data) as PayloadOf<M>);
    } catch (error) {
      bus.log.warn({ err: error, subject: incoming.subject }, 'skipped an invalid message');
    }
  });
}

function subscribeRaw(
  bus: Bus,
  subject: string,
  onMessage: (incoming: Msg) => void,
  group?: string,
): Subscription {
  return bus.connection.subscribe(subject, {
    ...(group === undefined ? {} : { queue: group }),
    callback: (error, incoming) => {
      if (error) bus.log.error({ err: error, subject }, 'subscription failed');
      else onMessage(incoming);
    },
  });
}
