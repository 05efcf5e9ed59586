import { PermissionViolationError } from '@nats-io/nats-core';
import type { NatsConnection } from '@nats-io/nats-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  catalog,
  deadLetterSubject,
  durableOf,
  type Message,
  type Service,
  services,
  subjectOf,
  subjectPattern,
} from '../contracts/index.ts';
import { eventually, testLog } from '../testing/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { connect, createBus, respond } from './index.ts';
import { publishable, subscribable } from './testing/attempts.ts';

const messages: readonly Message[] = Object.values(catalog);

const infosOf = (...names: readonly string[]) => names.map((name) => `$JS.API.STREAM.INFO.${name}`);
/** Every service checks whose state it finds. */
const ofEveryService = ['$JS.API.STREAM.MSG.GET.KV_ORIGIN', ...infosOf('KV_ORIGIN')];

/** Permissions beyond the messages of the catalog, listed by hand to verify the derived ones. */
const extraPermissions: Record<Service, { publish: string[]; subscribe: string[] }> = {
  scheduler: {
    publish: [
      '$KV.SCHEDULER.>',
      '$KV.SCHEDULE.>',
      '$JS.API.STREAM.MSG.GET.KV_SCHEDULER',
      '$JS.API.STREAM.MSG.GET.KV_SCHEDULE',
      ...infosOf('TICKS', 'EVENTS', 'KV_SCHEDULER', 'KV_SCHEDULE'),
    ],
    subscribe: ['$KV.SCHEDULE.>'],
  },
  limiter: {
    publish: [
      '$KV.LIMITER.>',
      '$JS.API.STREAM.MSG.GET.KV_LIMITER',
      ...infosOf('LIMITER_JOURNAL', 'EVENTS', 'KV_LIMITER'),
      '$JS.API.STREAM.MSG.GET.LIMITER_JOURNAL',
      '$JS.API.STREAM.PURGE.LIMITER_JOURNAL',
      '$JS.API.CONSUMER.CREATE.LIMITER_JOURNAL.>',
      '$JS.API.CONSUMER.INFO.LIMITER_JOURNAL.>',
      '$JS.API.CONSUMER.MSG.NEXT.LIMITER_JOURNAL.>',
      '$JS.API.CONSUMER.DELETE.LIMITER_JOURNAL.>',
    ],
    subscribe: [],
  },
  'rider-sync': { publish: infosOf('TICKS', 'COMMANDS', 'EVENTS', 'DEAD_LETTERS'), subscribe: [] },
  'event-sync': {
    publish: [
      '$JS.API.STREAM.MSG.GET.KV_SCHEDULE',
      ...infosOf('TICKS', 'EVENTS', 'DEAD_LETTERS', 'KV_SCHEDULE'),
    ],
    subscribe: [],
  },
  api: {
    publish: [
      '$JS.API.STREAM.MSG.GET.COMMANDS',
      '$JS.API.STREAM.MSG.GET.TICKS',
      ...infosOf('TICKS', 'COMMANDS', 'EVENTS'),
      '$JS.API.DIRECT.GET.EVENTS',
      '$JS.API.CONSUMER.CREATE.EVENTS.>',
      '$JS.API.CONSUMER.INFO.EVENTS.>',
      '$JS.API.CONSUMER.MSG.NEXT.EVENTS.>',
      '$JS.API.CONSUMER.DELETE.EVENTS.>',
      '$JS.ACK.EVENTS.api-history.>',
    ],
    subscribe: [],
  },
};

function expectedOf(service: Service) {
  const received = messages.filter(({ to }) => to.includes(service));
  const work = received.flatMap((message) => {
    if (message.kind !== 'work') return [];
    const consumer = `${message.stream}.${durableOf(message)}`;
    return [
      `$JS.API.CONSUMER.INFO.${consumer}`,
      `$JS.API.CONSUMER.CREATE.${consumer}.${message.subject}`,
      `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
      `$JS.ACK.${consumer}.>`,
      deadLetterSubject(message.subject),
    ];
  });
  const pushed = received.filter(({ kind }) => kind !== 'work' && kind !== 'journal').map(subjectPattern);
  const sent = messages.filter(({ from }) => from.includes(service)).map(subjectPattern);
  return {
    publish: [...sent, ...work, ...ofEveryService, ...extraPermissions[service].publish],
    subscribe: [`_INBOX_${service}.>`, ...pushed, ...extraPermissions[service].subscribe],
  };
}

const covers = (pattern: string, subject: string) =>
  pattern === subject ||
  new RegExp(
    `^${pattern.replaceAll('$', '\\$').replaceAll('.', '\\.').replaceAll('*', '[^.*>]+').replace('>', '.+')}$`,
  ).test(subject);
const refusedBy = (patterns: readonly string[], subjects: readonly string[]) =>
  subjects.filter((subject) => !patterns.some((pattern) => covers(pattern, subject)));

let urlOf: Awaited<ReturnType<typeof sharedBrokerAccount>>;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  urlOf = await sharedBrokerAccount();
});
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
});

async function open(service: Service): Promise<NatsConnection> {
  const connection = await connect(urlOf(service), service);
  connections.push(connection);
  return connection;
}

/** The permission violations of what `act` does: the broker reports them before its pong. */
async function refusals(connection: NatsConnection, act: () => void): Promise<PermissionViolationError[]> {
  const refused: PermissionViolationError[] = [];
  const statuses = connection.status();
  const collected = (async () => {
    for await (const status of statuses) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.push(status.error);
    }
  })();
  act();
  await connection.flush();
  (statuses as unknown as { stop(): void }).stop();
  await collected;
  return refused;
}
const subjectsOf = (refused: readonly PermissionViolationError[]) => refused.map(({ subject }) => subject);

describe.each(services)('broker permissions of %s', (service) => {
  it('allow publishing exactly the subjects of the catalog', async () => {
    const connection = await open(service);
    const refused = await refusals(connection, () => {
      for (const subject of publishable) connection.publish(subject);
    });
    expect(publishable.length).toBeGreaterThan(300);
    expect(subjectsOf(refused)).toEqual(refusedBy(expectedOf(service).publish, publishable));
  });

  it.each([undefined, 'a-group'])(
    'allow subscribing to exactly the subjects of the catalog (queue: %s)',
    async (queue) => {
      const connection = await open(service);
      const refused = await refusals(connection, () => {
        for (const subject of subscribable) {
          connection.subscribe(subject, { callback: () => undefined, ...(queue && { queue }) });
        }
      });
      expect(subjectsOf(refused)).toEqual(refusedBy(expectedOf(service).subscribe, subscribable));
    },
  );
});

describe('reply', () => {
  const subject = subjectOf(catalog.currentSchedule);

  it('is allowed once, to the reply subject of the request only', async () => {
    const [scheduler, api] = await Promise.all([open('scheduler'), open('api')]);
    const inboxOfApi = '_INBOX_api.somewhere';
    const twice = Promise.withResolvers<PermissionViolationError[]>();
    scheduler.subscribe(subject, {
      callback: (_, request) => {
        const respondTwice = () => {
          request.respond('first');
          request.respond('second');
          scheduler.publish(inboxOfApi);
        };
        refusals(scheduler, respondTwice).then(twice.resolve, twice.reject);
      },
    });
    await scheduler.flush();
    const reply = await api.request(subject, '{}', { timeout: 60_000 });
    expect(reply.string()).toBe('first');
    expect(subjectsOf(await twice.promise)).toEqual([expect.stringMatching(/^_INBOX_api\./), inboxOfApi]);
  });

  it('is refused to a service that handles no requests', async () => {
    const [receiver, sender] = await Promise.all([open('rider-sync'), open('rider-sync')]);
    const refused = Promise.withResolvers<PermissionViolationError[]>();
    receiver.subscribe(subjectOf(catalog.bulkCallChanged), {
      callback: (_, message) => void refusals(receiver, () => message.respond('x')).then(refused.resolve),
    });
    await receiver.flush();
    sender.publish(subjectOf(catalog.bulkCallChanged), '', { reply: '_INBOX_limiter.somewhere' });
    expect(subjectsOf(await refused.promise)).toEqual(['_INBOX_limiter.somewhere']);
  });

  it('is only sent to an inbox of a service that sends such requests', async () => {
    const [scheduler, api] = await Promise.all([open('scheduler'), open('api')]);
    const log = testLog('permissions-test');
    let handled = 0;
    const subscription = respond(
      createBus(scheduler, log),
      catalog.currentSchedule,
      {},
      () => (handled += 1),
    );
    await scheduler.flush();
    for (const reply of ['paceline.tick.near', '_INBOX_limiter.somewhere', '_INBOX_apis.somewhere']) {
      api.publish(subject, '{}', { reply });
    }
    api.publish(subject, '{}', { reply: '_INBOX_api.somewhere' });
    await eventually(() => expect(handled).toBeGreaterThan(0));
    expect(handled).toBe(1);
    subscription.unsubscribe();
  });
});
