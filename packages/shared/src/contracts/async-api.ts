import { catalog } from './catalog.ts';
import type { Message } from './message.ts';
import type { Service } from './vocabulary.ts';

const reference = (path: string) => ({ $ref: `#/${path}` });
const replyOf = (name: string) => `${name}Reply`;

/** The message catalog as an AsyncAPI 3 document. */
export function asyncApi() {
  const messages: ReadonlyArray<readonly [string, Message]> = Object.entries(catalog);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Paceline messages',
      version: '0.1.0',
      description:
        'Messages between the services, over NATS. Timestamps are project time in ms since the epoch; fields that end in `Ms` are durations.',
    },
    defaultContentType: 'application/json',
    servers: { broker: { host: '127.0.0.1:4222', protocol: 'nats', description: 'NATS with JetStream' } },
    channels: Object.fromEntries(messages.flatMap(channelsOf)),
    operations: Object.fromEntries(messages.flatMap(operationsOf)),
    components: { messages: Object.fromEntries(messages.flatMap(messagesOf)) },
  };
}

function channelsOf([name, message]: readonly [string, Message]) {
  const tokens = [...message.subject.matchAll(/\{(\w+)\}/g)].map(([, token]) => [token, {}]);
  const stored = 'stream' in message ? ` Stored in the stream ${message.stream}.` : '';
  const channel = {
    address: message.subject,
    description: `${message.kind}: ${message.description}${stored}`,
    messages: { [name]: reference(`components/messages/${name}`) },
    ...(tokens.length > 0 && { parameters: Object.fromEntries(tokens) }),
  };
  if (message.kind !== 'request') return [[name, channel] as const];
  const reply = { messages: { [replyOf(name)]: reference(`components/messages/${replyOf(name)}`) } };
  return [[name, channel] as const, [replyOf(name), { address: null, ...reply }] as const];
}

function operationsOf([name, message]: readonly [string, Message]) {
  const reply = message.kind === 'request' && { reply: { channel: reference(`channels/${replyOf(name)}`) } };
  const operation = (service: Service, action: 'send' | 'receive') =>
    [`${service}-${action}-${name}`, { action, channel: reference(`channels/${name}`), ...reply }] as const;
  return [
    ...message.from.map((service) => operation(service, 'send')),
    ...message.to.map((service) => operation(service, 'receive')),
  ];
}

function messagesOf([name, message]: readonly [string, Message]) {
  const sent = { name, summary: message.description, payload: schemaOf(message.payload) };
  if (message.kind !== 'request') return [[name, sent] as const];
  const reply = { name: replyOf(name), summary: `Reply to ${name}.`, payload: schemaOf(message.reply) };
  return [[name, sent] as const, [replyOf(name), reply] as const];
}

function schemaOf(payload: Message['payload']) {
  const { $schema: _, ...schema } = payload.toJSONSchema();
  return schema;
}
