import { catalog } from './catalog.ts';
import { deadLetterSubject, durableOf, type Message, subjectPattern } from './message.ts';
import { highWaterBucket } from './journal.ts';
import { scheduleBucket } from './schedule.ts';
import type { Service } from './vocabulary.ts';

/** How long a stream keeps what. Durations are real ms. */
export interface Stream {
  readonly name: 'TICKS' | 'COMMANDS' | 'EVENTS' | 'DEAD_LETTERS' | 'LIMITER_JOURNAL';
  readonly subjects: readonly string[];
  readonly retention: 'workqueue' | 'limits';
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** Within this time a second message of the same id is dropped. */
  readonly duplicateWindowMs: number;
}

const day = 86_400_000;
const mebibyte = 1_048_576;

const work = { retention: 'workqueue', maxAgeMs: 7 * day, duplicateWindowMs: 3_600_000 } as const;
const history = { retention: 'limits', maxAgeMs: 7 * day, duplicateWindowMs: 120_000 } as const;

export const streams: readonly Stream[] = [
  { ...work, name: 'TICKS', subjects: ['paceline.tick.>'], maxBytes: 64 * mebibyte },
  { ...work, name: 'COMMANDS', subjects: ['paceline.command.>'], maxBytes: 256 * mebibyte },
  { ...history, name: 'EVENTS', subjects: ['paceline.event.>'], maxBytes: 512 * mebibyte },
  {
    ...history,
    name: 'DEAD_LETTERS',
    subjects: ['paceline.dead-letter.>'],
    maxAgeMs: 30 * day,
    maxBytes: 256 * mebibyte,
  },
  // Snapshots replace what is before them: age never decides what a window remembers.
  { ...history, name: 'LIMITER_JOURNAL', subjects: ['paceline.journal.*'], maxAgeMs: 0, maxBytes: -1 },
];

interface Bucket {
  readonly name: string;
  readonly owner: Service;
  readonly readers: readonly Service[];
  /** Whether its owner subscribes to changes, which another process of it makes. */
  readonly watched: boolean;
}

/** Small key-value state that one service keeps on the broker, and which others may read it. */
export const buckets: readonly Bucket[] = [
  { name: 'SCHEDULER', owner: 'scheduler', readers: [], watched: false },
  { name: scheduleBucket, owner: 'scheduler', readers: ['event-sync'], watched: true },
  { name: highWaterBucket, owner: 'limiter', readers: [], watched: false },
];

/** Services that check whether what they published is still in its stream, to publish again what the broker lost. */
export const republishers: readonly { readonly service: Service; readonly stream: Stream['name'] }[] = [
  { service: 'api', stream: 'COMMANDS' },
];

/** Services that read events from the stream itself, older ones too. */
export const eventReaders: readonly Service[] = ['api'];

/** The durable consumer by which the processes of one service share the events: each event goes to one of them. */
export const sharedEventConsumer = { durable: 'api-history', service: 'api', ackWaitMs: 10_000 } as const;

/** The subjects that a user of the broker may use, and no others. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** For services that reply to requests: how many replies, and how long after the request. */
  readonly answers?: { readonly max: number; readonly expires: string };
}

/** Replies to a service arrive below its own prefix: no other service can subscribe to them. */
export const inboxPrefix = (service: Service): string => `_INBOX_${service}`;

/** The least that a service needs, derived from what it sends and handles in the catalog. */
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
    `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.ACK.${consumer}.>`,
    deadLetterSubject(message.subject),
  ];
}

/** What a reader of a stream publishes for consumers of its own. */
const toRead = (stream: Stream['name']): string[] => [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.INFO.${stream}.>`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  `$JS.API.CONSUMER.DELETE.${stream}.>`,
];

/** Besides its own consumer it uses one that its processes share. */
const toReadEvents = (service: Service): string[] =>
  eventReaders.includes(service)
    ? [...toRead('EVENTS'), '$JS.API.DIRECT.GET.EVENTS', `$JS.ACK.EVENTS.${sharedEventConsumer.durable}.>`]
    : [];

const toSweep = (service: Service): string[] =>
  republishers
    .filter((each) => each.service === service)
    .map(({ stream }) => `$JS.API.STREAM.MSG.GET.${stream}`);

function toKeepState(service: Service): string[] {
  return buckets.flatMap(({ name, owner, readers }) => [
    ...(owner === service ? [`$KV.${name}.>`] : []),
    ...(owner === service || readers.includes(service) ? [`$JS.API.STREAM.MSG.GET.KV_${name}`] : []),
  ]);
}
