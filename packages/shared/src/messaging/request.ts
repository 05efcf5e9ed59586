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
import { BadPayload, type Bus, decode, encode } from './bus.ts';

type SubjectTokens = Readonly<Record<string, string | number>>;

/** The header in which a responder says why it refused a request. */
const refusal = 'Nats-Service-Error';

/** Waits `timeoutMs` (real). @throws {BadPayload} when a side breaks its contract; a NATS error when nobody answers */
export async function request<M extends RequestMessage>(
  bus: Bus,
  message: M,
  tokens: SubjectTokens,
  payload: PayloadOf<M>,
  timeoutMs: number,
): Promise<ReplyOf<M>> {
  const carried = headers();
  injectTraceContext(carried);
  const data = encode(message.payload, payload);
  const reply = await bus.connection.request(subjectOf(message, tokens), data, {
    timeout: timeoutMs,
    headers: carried,
  });
  const refused = reply.headers?.get(refusal);
  if (refused) throw new BadPayload(refused);
  return decode(message.reply, reply.data) as ReplyOf<M>;
}

/** Answers requests, maybe late; refuses what breaks the contract. Of a `group` one answers. */
export function respond<M extends RequestMessage>(
  bus: Bus,
  message: M,
  tokens: SubjectTokens,
  answer: (payload: PayloadOf<M>, reply: (answer: ReplyOf<M>) => void) => void,
  group?: string,
): Subscription {
  // The broker does not check whether a requester may publish to the reply subject that it names.
  const inboxes = ['_INBOX.', ...message.from.map((client) => `${inboxPrefix(client)}.`)];
  const onRequest = (incoming: Msg) => {
    if (!inboxes.some((inbox) => incoming.reply?.startsWith(inbox))) {
      bus.log.warn({ subject: incoming.subject }, 'skipped a request whose reply subject is no inbox');
      return;
    }
    const refuse = (error: unknown) => {
      if (!(error instanceof BadPayload)) throw error;
      const carried = headers();
      carried.set(refusal, error.message.replace(/\s+/g, ' '));
      incoming.respond('', { headers: carried });
      bus.log.warn(
        { subject: incoming.subject, reason: error.message },
        'refused a request that breaks its contract',
      );
    };
    // A late reply has no caller that would catch the error.
    const reply = (answered: ReplyOf<M>) => {
      try {
        incoming.respond(encode(message.reply, answered));
      } catch (error) {
        refuse(error);
      }
    };
    try {
      answer(decode(message.payload, incoming.data) as PayloadOf<M>, reply);
    } catch (error) {
      refuse(error);
    }
  };
  return subscribe(bus, subjectOf(message, tokens), onRequest, group);
}

/** Subscribes to what is published from now on; a payload that breaks its contract is logged and skipped. */
export function listen<M extends EventMessage | SignalMessage>(
  bus: Bus,
  message: M,
  tokens: SubjectTokens,
  onMessage: (payload: PayloadOf<M>) => void,
): Subscription {
  return subscribe(bus, subjectOf(message, tokens), (incoming) => {
    try {
      onMessage(decode(message.payload, incoming.data) as PayloadOf<M>);
    } catch (error) {
      bus.log.warn({ err: error, subject: incoming.subject }, 'skipped a message');
    }
  });
}

function subscribe(
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
