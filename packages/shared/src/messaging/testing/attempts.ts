import {
  buckets,
  catalog,
  deadLetterSubject,
  durableOf,
  inboxPrefix,
  type Message,
  services,
  streams,
  subjectPattern,
} from '../../contracts/index.ts';

const messages: readonly Message[] = Object.values(catalog);
const concrete = (message: Message) => message.subject.replace(/\{\w+\}/g, '1');
const inboxes = ['_INBOX', '_INBOX_provision', ...services.map(inboxPrefix)];

/** Every stream of the broker, bucket streams included, with its consumers. */
const everyStream = [
  ...streams.map(({ name }) => ({
    name: name as string,
    consumers: messages.flatMap((message) =>
      message.kind === 'work' && message.stream === name ? [durableOf(message)] : [],
    ),
  })),
  ...buckets.map(({ name }) => ({ name: `KV_${name}`, consumers: [] as string[] })),
  { name: 'UNKNOWN', consumers: [] as string[] },
];

const ofStream = [
  'CREATE',
  'UPDATE',
  'DELETE',
  'PURGE',
  'INFO',
  'MSG.GET',
  'MSG.DELETE',
  'SNAPSHOT',
  'RESTORE',
];
const moreOfStream = ['PEER.REMOVE', 'LEADER.STEPDOWN', 'CANCEL.MOVE'];
const ofConsumer = ['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT', 'PAUSE', 'RESET', 'UNPIN'];
const ofAll = ['INFO', 'STREAM.NAMES', 'STREAM.LIST', 'META.LEADER.STEPDOWN', 'SERVER.REMOVE'];

function onStream({ name, consumers }: (typeof everyStream)[number]): string[] {
  return [
    ...[...ofStream, ...moreOfStream].map((verb) => `$JS.API.STREAM.${verb}.${name}`),
    `$JS.API.CONSUMER.NAMES.${name}`,
    `$JS.API.CONSUMER.LIST.${name}`,
    `$JS.API.CONSUMER.CREATE.${name}`,
    `$JS.API.DIRECT.GET.${name}`,
    `$JS.API.DIRECT.GET.${name}.paceline.any`,
    ...[...consumers, 'api-history', 'another'].flatMap((consumer) => [
      ...ofConsumer.map((verb) => `$JS.API.CONSUMER.${verb}.${name}.${consumer}`),
      `$JS.API.CONSUMER.CREATE.${name}.${consumer}.paceline.any`,
      `$JS.API.CONSUMER.LEADER.STEPDOWN.${name}.${consumer}`,
      `$JS.ACK.${name}.${consumer}.1.1.1.1.1`,
    ]),
  ];
}

/** Every kind of subject that a user could try to publish to; grows with the catalog. */
export const publishable: readonly string[] = [
  ...messages.map(concrete),
  ...messages.map((message) => deadLetterSubject(concrete(message))),
  ...everyStream.flatMap(onStream),
  ...buckets.map(({ name }) => `$KV.${name}.key`),
  ...ofAll.map((verb) => `$JS.API.${verb}`),
  ...inboxes.map((inbox) => `${inbox}.reply.1`),
  '$JS.FC.EVENTS.api-history.1',
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.ACCOUNT.PING.CONNZ',
  '$SRV.PING',
  'paceline.of.no-service',
  'elsewhere',
];

/** Patterns that a user could try to subscribe to: those of the catalog and wider ones. */
export const subscribable: readonly string[] = [
  ...messages.map(subjectPattern),
  ...messages.map((message) => deadLetterSubject(subjectPattern(message))),
  ...new Set(messages.map(({ subject }) => `${subject.split('.').slice(0, 2).join('.')}.>`)),
  ...inboxes.map((inbox) => `${inbox}.>`),
  ...buckets.map(({ name }) => `$KV.${name}.>`),
  '>',
  '*',
  '*.>',
  'paceline.>',
  'paceline.*',
  'paceline.*.*',
  'paceline.*.*.*',
  '_INBOX*.>',
  '_INBOX_*.>',
  '$JS.>',
  '$JS.API.>',
  '$JS.ACK.>',
  '$JS.EVENT.>',
  '$KV.>',
  '$KV.*.*',
  '$SYS.>',
  '$SRV.>',
];
