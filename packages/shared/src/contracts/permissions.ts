import { type Message, catalog, deadLetterSubject, durableOf, subjectPattern } from './catalog.ts';
import { buckets, eventReaders, eventShare, sweepers } from './streams.ts';
import type { Service } from './vocabulary.ts';

/** The subjects that a user of the broker may use, and no others. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Of whoever is asked things: how often and how long it may publish to where a request wants its answer. */
  readonly answers?: { readonly max: number; readonly expires: string };
}

/** Replies to a service arrive below its own prefix: nobody else can listen to them. */
export const inboxPrefix = (service: Service): string => `_INBOX_${service}`;

/** The least a service needs, derived from what the catalog says that it sends and handles. */
export function permissionsOf(service: Service): Permissions {
  const messages: readonly Message[] = Object.values(catalog);
  const sent = messages.filter((message) => message.from.includes(service));
  const handled = messages.filter((message) => message.to.includes(service));
  return {
    publish: [
      ...sent.map(subjectPattern),
      ...handled.flatMap(toHandle),
      ...toReadEvents(service),
      ...toSweep(service),
      ...toKeepState(service),
    ],
    subscribe: [
      `${inboxPrefix(service)}.>`,
      ...handled.filter(isPushed).map(subjectPattern),
      ...buckets
        .filter(({ watched, owner }) => watched && owner === service)
        .map(({ name }) => `$KV.${name}.>`),
    ],
    ...(handled.some(({ kind }) => kind === 'request') && { answers: { max: 1, expires: '30s' } }),
  };
}

/** Work and journal are pulled; everything else arrives by itself. */
const isPushed = (message: Message): boolean => message.kind !== 'work' && message.kind !== 'journal';

/** What a handler publishes to take its messages from a stream. */
function toHandle(message: Message): string[] {
  if (message.kind === 'work') {
    const consumer = `${message.stream}.${durableOf(message)}`;
    return [
      `$JS.API.CONSUMER.INFO.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
      `$JS.ACK.${consumer}.>`,
      deadLetterSubject(message.subject),
    ];
  }
  if (message.kind === 'journal') {
    return [
      `$JS.API.STREAM.INFO.${message.stream}`,
      `$JS.API.CONSUMER.CREATE.${message.stream}.>`,
      `$JS.API.CONSUMER.INFO.${message.stream}.>`,
      `$JS.API.CONSUMER.MSG.NEXT.${message.stream}.>`,
      `$JS.API.CONSUMER.DELETE.${message.stream}.>`,
      `$JS.API.STREAM.MSG.GET.${message.stream}`,
      `$JS.API.STREAM.PURGE.${message.stream}`,
    ];
  }
  return [];
}

/** What a reader of the events publishes: it has a consumer of its own, and one that its processes share. */
function toReadEvents(service: Service): string[] {
  if (!eventReaders.includes(service)) return [];
  const shared = `EVENTS.${eventShare.durable}`;
  return [
    '$JS.API.STREAM.INFO.EVENTS',
    '$JS.API.CONSUMER.CREATE.EVENTS.>',
    '$JS.API.CONSUMER.INFO.EVENTS.>',
    '$JS.API.CONSUMER.MSG.NEXT.EVENTS.>',
    '$JS.API.CONSUMER.DELETE.EVENTS.>',
    '$JS.API.DIRECT.GET.EVENTS',
    `$JS.ACK.${shared}.>`,
  ];
}

const toSweep = (service: Service): string[] =>
  sweepers.filter((each) => each.service === service).map(({ stream }) => `$JS.API.STREAM.MSG.GET.${stream}`);

function toKeepState(service: Service): string[] {
  return buckets.flatMap(({ name, owner, readers }) => [
    ...(owner === service ? [`$KV.${name}.>`] : []),
    ...(owner === service || readers.includes(service) ? [`$JS.API.STREAM.MSG.GET.KV_${name}`] : []),
  ]);
}
