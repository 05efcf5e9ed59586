import { catalog } from './catalog.ts';
import { deadLetterSubject, durableOf, type Message, subjectPattern } from './message.ts';
import { originBucket } from './origin.ts';
import { scheduleBucket } from './schedule.ts';
import { type Service, services } from './vocabulary.ts';

/** A stream and its retention. Durations are real ms. */
export interface Stream {
  readonly name: 'TICKS' | 'COMMANDS' | 'EVENTS' | 'DEAD_LETTERS' | 'LIMITER_JOURNAL';
  readonly subjects: readonly string[];
  readonly retention: 'workqueue' | 'limits';
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** A message with the same id is dropped within this time. */
  readonly duplicateWindowMs: number;
  /**
   * `soon`: a single broker acknowledges a message before it is on disk, as what a crash loses is known from Postgres: open commands
   * are published again, and an event repeats what is stored. `first`: each message is on disk first.
   */
  readonly onDisk: 'first' | 'soon';
}

const day = 86_400_000;
const mebibyte = 1_048_576;

const work = {
  retention: 'workqueue',
  maxAgeMs: 7 * day,
  duplicateWindowMs: 3_600_000,
  onDisk: 'first',
} as const;
const history = {
  retention: 'limits',
  maxAgeMs: 7 * day,
  duplicateWindowMs: 120_000,
  onDisk: 'first',
} as const;

export const streams: readonly Stream[] = [
  { ...work, name: 'TICKS', subjects: ['paceline.tick.>'], maxBytes: 64 * mebibyte },
  {
    ...work,
    name: 'COMMANDS',
    subjects: ['paceline.command.>'],
    maxBytes: 256 * mebibyte,
    onDisk: 'soon',
  },
  {
    ...history,
    name: 'EVENTS',
    subjects: ['paceline.event.>'],
    maxBytes: 512 * mebibyte,
    onDisk: 'soon',
  },
  {
    ...history,
    name: 'DEAD_LETTERS',
    subjects: ['paceline.dead-letter.>'],
    maxAgeMs: 30 * day,
    maxBytes: 256 * mebibyte,
  },
  // The limiter purges what a snapshot replaces; age alone must never drop a call that still counts.
  { ...history, name: 'LIMITER_JOURNAL', subjects: ['paceline.journal.*'], maxAgeMs: 0, maxBytes: -1 },
];

interface Bucket {
  readonly name: string;
  /** Unset: provisioning writes it. */
  readonly owner?: Service;
  readonly readers: readonly Service[];
  /** Whether the owner watches for changes that its other processes make. */
  readonly watched: boolean;
}

/** Key-value buckets: the service that owns each one, and the services that can read it. */
export const buckets: readonly Bucket[] = [
  { name: 'SCHEDULER', owner: 'scheduler', readers: [], watched: false },
  { name: scheduleBucket, owner: 'scheduler', readers: ['event-sync'], watched: true },
  { name: originBucket, readers: services, watched: false },
];

/** Services that check whether a published message is still stored, and republish what the broker lost. */
export const republishers: readonly { readonly service: Service; readonly stream: Stream['name'] }[] = [
  { service: 'api', stream: 'COMMANDS' },
  { service: 'api', stream: 'TICKS' },
];

/** Services that read stored events, not just new ones. */
export const eventReaders: readonly Service[] = ['api'];

/** The durable consumer that distributes the events that the API stores among its processes: each goes to one. */
export const sharedEventConsumer = {
  durable: 'api-history',
  service: 'api',
  event: catalog.conflict,
  ackWaitMs: 10_000,
} as const;

/** The only subjects that a user of the broker can use. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** For services that reply to requests: max replies per request, and the time limit. */
  readonly replies?: { readonly max: number; readonly expires: string };
}

/** The streams that a service publishes to or reads, those of its buckets included. */
export function streamsOf(service: Service): string[] {
  const messages = (Object.values(catalog) as Message[]).filter(
    ({ from, to }) => from.includes(service) || to.includes(service),
  );
  // An event that is received is pushed, and needs no stream.
  const stored = messages.filter((message) => message.kind !== 'event' || message.from.includes(service));
  const handlesWork = messages.some(({ kind, to }) => kind === 'work' && to.includes(service));
  return [
    ...new Set([
      ...stored.flatMap((message) => ('stream' in message ? [message.stream] : [])),
      ...(eventReaders.includes(service) ? ['EVENTS'] : []),
      ...(handlesWork ? ['DEAD_LETTERS'] : []),
      ...buckets
        .filter(({ owner, readers }) => owner === service || readers.includes(service))
        .map(({ name }) => `KV_${name}`),
    ]),
  ];
}

/** The prefix of a service's reply subjects, which no other service can subscribe to. */
export const inboxPrefix = (service: Service): string => `_INBOX_${service}`;

/** The minimal permissions of a service, derived from the messages that it sends and receives. */
export function permissionsOf(service: Service): Permissions {
  const messages: readonly Message[] = Object.values(catalog);
  const sent = messages.filter((message) => message.from.includes(service));
  const received = messages.filter((message) => message.to.includes(service));
  return {
    publish: [
      ...sent.map(subjectPattern),
      ...received.flatMap(toReceive),
      ...toReadEvents(service),
      ...toRepublish(service),
      ...toKeepState(service),
      ...streamsOf(service).map((stream) => `$JS.API.STREAM.INFO.${stream}`),
    ],
    subscribe: [
      `${inboxPrefix(service)}.>`,
      ...received.filter(isPushed).map(subjectPattern),
      ...buckets
        .filter(({ watched, owner }) => watched && owner === service)
        .map(({ name }) => `$KV.${name}.>`),
    ],
    ...(received.some(({ kind }) => kind === 'request') && { replies: { max: 1, expires: '30s' } }),
  };
}

/** Work messages and journal entries are pulled; all others are pushed. */
const isPushed = (message: Message): boolean => message.kind !== 'work' && message.kind !== 'journal';

/** The subjects that a receiver publishes to in order to consume a message. */
function toReceive(message: Message): string[] {
  if (message.kind === 'journal')
    return [
      ...toRead(message.stream),
      `$JS.API.STREAM.MSG.GET.${message.stream}`,
      `$JS.API.STREAM.PURGE.${message.stream}`,
    ];
  if (message.kind !== 'work') return [];
  const consumer = `${message.stream}.${durableOf(message)}`;
  return [
    `$JS.API.CONSUMER.INFO.${consumer}`,
    // Only this one with this filter, in case that it is lost.
    `$JS.API.CONSUMER.CREATE.${consumer}.${message.subject}`,
    `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.ACK.${consumer}.>`,
    deadLetterSubject(message.subject),
  ];
}

/** The subjects for reading a stream with ephemeral consumers. */
const toRead = (stream: Stream['name']): string[] => [
  `$JS.API.CONSUMER.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.INFO.${stream}.>`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  `$JS.API.CONSUMER.DELETE.${stream}.>`,
];

/** Event readers use the shared consumer as well as their own ones. */
const toReadEvents = (service: Service): string[] =>
  eventReaders.includes(service)
    ? [...toRead('EVENTS'), '$JS.API.DIRECT.GET.EVENTS', `$JS.ACK.EVENTS.${sharedEventConsumer.durable}.>`]
    : [];

const toRepublish = (service: Service): string[] =>
  republishers
    .filter((each) => each.service === service)
    .map(({ stream }) => `$JS.API.STREAM.MSG.GET.${stream}`);

function toKeepState(service: Service): string[] {
  return buckets.flatMap(({ name, owner, readers }) => [
    ...(owner === service ? [`$KV.${name}.>`] : []),
    ...(owner === service || readers.includes(service) ? [`$JS.API.STREAM.MSG.GET.KV_${name}`] : []),
  ]);
}
