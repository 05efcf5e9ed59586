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

/** What a service may do beside saying and handling the messages of the catalog, told once more by hand. */
const besides: Record<Service, { publish: string[]; subscribe: string[] }> = {
  scheduler: {
    publish: [
      '$KV.SCHEDULER.>',
      '$KV.SCHEDULE.>',
      '$JS.API.STREAM.MSG.GET.KV_SCHEDULER',
      '$JS.API.STREAM.MSG.GET.KV_SCHEDULE',
    ],
    subscribe: ['$KV.SCHEDULE.>'],
  },
  limiter: {
    publish: [
      '$KV.LIMITER.>',
      '$JS.API.STREAM.MSG.GET.KV_LIMITER',
      '$JS.API.STREAM.INFO.LIMITER_JOURNAL',
      '$JS.API.STREAM.MSG.GET.LIMITER_JOURNAL',
      '$JS.API.STREAM.PURGE.LIMITER_JOURNAL',
      '$JS.API.CONSUMER.CREATE.LIMITER_JOURNAL.>',
      '$JS.API.CONSUMER.INFO.LIMITER_JOURNAL.>',
      '$JS.API.CONSUMER.MSG.NEXT.LIMITER_JOURNAL.>',
      '$JS.API.CONSUMER.DELETE.LIMITER_JOURNAL.>',
    ],
    subscribe: [],
  },
  'rider-sync': { publish: [], subscribe: [] },
  'event-sync': { publish: ['$JS.API.STREAM.MSG.GET.KV_SCHEDULE'], subscribe: [] },
  api: {
    publish: [
      '$JS.API.STREAM.MSG.GET.COMMANDS',
      '$JS.API.STREAM.INFO.EVENTS',
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
  const handled = messages.filter(({ to }) => to.includes(service));
  const work = handled.flatMap((message) => {
    if (message.kind !== 'work') return [];
    const consumer = `${message.stream}.${durableOf(message)}`;
    return [
      `$JS.API.CONSUMER.INFO.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
      `$JS.ACK.${consumer}.>`,
      deadLetterSubject(message.subject),
    ];
  });
  const heard = handled.filter(({ kind }) => kind !== 'work' && kind !== 'journal').map(subjectPattern);
  const said = messages.filter(({ from }) => from.includes(service)).map(subjectPattern);
  return {
    publish: [...said, ...work, ...besides[service].publish],
    subscribe: [`_INBOX_${service}.>`, ...heard, ...besides[service].subscribe],
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

/** What the broker refuses of all that `act` does: by the time of its pong it has said so. */
async function refusals(connection: NatsConnection, act: () => void): Promise<PermissionViolationError[]> {
  const refused: PermissionViolationError[] = [];
  const listening = connection.status();
  const heard = (async () => {
    for await (const status of listening) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.push(status.error);
    }
  })();
  act();
  await connection.flush();
  (listening as unknown as { stop(): void }).stop();
  await heard;
  return refused;
}
const subjectsOf = (refused: readonly PermissionViolationError[]) => refused.map(({ subject }) => subject);

describe.each(services)('on the broker, %s', (service) => {
  it('is refused whatever the catalog does not let it say, and nothing else', async () => {
    const connection = await open(service);
    const refused = await refusals(connection, () => {
      for (const subject of publishable) connection.publish(subject);
    });
    expect(publishable.length).toBeGreaterThan(300);
    expect(subjectsOf(refused)).toEqual(refusedBy(expectedOf(service).publish, publishable));
  });

  it.each([undefined, 'a-group'])(
    'may hear what is meant for it, and nothing else (queue: %s)',
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

describe('an answer', () => {
  const asks = subjectOf(catalog.currentSchedule);

  it('may be given once, to where the request wants it, and nowhere else', async () => {
    const [scheduler, api] = await Promise.all([open('scheduler'), open('api')]);
    const inboxOfApi = '_INBOX_api.somewhere';
    const twice = Promise.withResolvers<PermissionViolationError[]>();
    scheduler.subscribe(asks, {
      callback: (_, request) => {
        const answering = () => {
          request.respond('first');
          request.respond('second');
          scheduler.publish(inboxOfApi);
        };
        refusals(scheduler, answering).then(twice.resolve, twice.reject);
      },
    });
    await scheduler.flush();
    const answer = await api.request(asks, '{}', { timeout: 60_000 });
    expect(answer.string()).toBe('first');
    expect(subjectsOf(await twice.promise)).toEqual([expect.stringMatching(/^_INBOX_api\./), inboxOfApi]);
  });

  it('is given by none who is asked nothing', async () => {
    const [hearing, saying] = await Promise.all([open('rider-sync'), open('rider-sync')]);
    const answered = Promise.withResolvers<PermissionViolationError[]>();
    hearing.subscribe(subjectOf(catalog.bulkCallChanged), {
      callback: (_, heard) => void refusals(hearing, () => heard.respond('x')).then(answered.resolve),
    });
    await hearing.flush();
    saying.publish(subjectOf(catalog.bulkCallChanged), '', { reply: '_INBOX_limiter.somewhere' });
    expect(subjectsOf(await answered.promise)).toEqual(['_INBOX_limiter.somewhere']);
  });

  it('is given to nobody who wants it elsewhere than in the inbox of one who may ask', async () => {
    const [scheduler, api] = await Promise.all([open('scheduler'), open('api')]);
    const log = testLog('permissions-test');
    let asked = 0;
    const answers = respond(createBus(scheduler, log), catalog.currentSchedule, {}, () => (asked += 1));
    await scheduler.flush();
    for (const reply of ['paceline.tick.near', '_INBOX_limiter.somewhere', '_INBOX_apis.somewhere']) {
      api.publish(asks, '{}', { reply });
    }
    api.publish(asks, '{}', { reply: '_INBOX_api.somewhere' });
    await eventually(() => expect(asked).toBeGreaterThan(0));
    expect(asked).toBe(1);
    answers.unsubscribe();
  });
});
