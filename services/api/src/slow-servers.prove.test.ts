import { tables } from '@paceline/shared/database';
import type { Bus } from '@paceline/shared/messaging';
import type { TestPostgres } from '@paceline/shared/testing';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { count, inArray, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, startTestApi, type TestApi } from './testing/api.ts';
import { freeze, type SlowLink, startSlowLink } from './testing/processes.ts';
import { playWindows, spentUntil } from './testing/services.ts';

const { commands, wantedRiders } = tables;
let test: TestApi<DedicatedBackend>;
let provisioner: Bus;
const others: Array<{ stop(): Promise<void> }> = [];
/** An API whose database answers 300 ms late. */
let slow: string;
let slowLink: SlowLink;
let rider = 1_000;

beforeAll(async () => {
  test = await startTestApi({ place: await dedicatedBackend(), runs: true });
  provisioner = await test.busOf('admin');
  const { DATABASE_URL, link } = await linkTo(test.place.postgres, 300);
  slowLink = link;
  slow = (await test.startAnother({ env: { DATABASE_URL } })).url;
});
afterEach(async () => {
  for (const other of others.splice(0).toReversed()) await other.stop();
});
afterAll(async () => {
  await test?.stop();
  await slowLink?.close();
});

async function start(settings: Parameters<TestApi['startAnother']>[0]): Promise<string> {
  const api = await test.startAnother(settings);
  others.push(api);
  return api.url;
}
async function linkTo(
  postgres: TestPostgres,
  delayMs: number,
): Promise<{ DATABASE_URL: string; link: SlowLink }> {
  const url = new URL(postgres.url);
  const link = await startSlowLink(Number(url.port), delayMs);
  url.port = String(link.port);
  return { DATABASE_URL: url.href, link };
}
const send = (url: string, path: string, body: object, headers: Record<string, string> = {}) =>
  ask(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const add = (url: string, riderId: number, headers?: Record<string, string>) =>
  send(url, '/v1/riders', { riderId }, headers);
const riders = (many: number) => Array.from({ length: many }, () => (rider += 1));
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

/** The ids of the commands whose messages are in the stream, one for each message. */
async function inStream(): Promise<string[]> {
  const { streams } = await provisioner.js.jetstreamManager();
  const { state } = await streams.info('COMMANDS');
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage('COMMANDS', { seq });
    if (message) ids.push(message.json<{ commandId: string }>().commandId);
  }
  return ids;
}
const rowsOf = async (riderIds: readonly number[]) =>
  test.db
    .select()
    .from(commands)
    .where(inArray(commands.riderId, [...riderIds]));

describe('the API, with a database whose every answer is 300 ms late', () => {
  it('200 adds at once are all accepted, stored once and handed on once', async () => {
    const asked = riders(200);
    const answers = await Promise.all(asked.map((riderId) => add(slow, riderId)));

    expect(statuses(answers)).toEqual(asked.map(() => 202));
    const ids = answers.map(({ body }) => body.commandId as string);
    expect((await rowsOf(asked)).map(({ commandId }) => commandId).toSorted()).toEqual(ids.toSorted());
    const handedOn = (await inStream()).filter((id) => ids.includes(id));
    expect(handedOn.toSorted()).toEqual(ids.toSorted());
    // Also written down, and not handed on once more by the sweep.
    await test.until(async () => {
      const rows = await rowsOf(asked);
      expect(rows.filter(({ publishedAt, sequence }) => !publishedAt || !sequence)).toEqual([]);
    });
    expect((await inStream()).filter((id) => ids.includes(id))).toHaveLength(200);
  });

  it('200 adds with keys are accepted, and sent again they are given the same answer', async () => {
    const asked = riders(200);
    const post = (riderId: number) => add(slow, riderId, { 'idempotency-key': `slow-${riderId}` });
    const first = await Promise.all(asked.map(post));
    const again = await Promise.all(asked.map(post));
    expect(statuses(first)).toEqual(asked.map(() => 202));
    expect(again.map(({ body }) => body)).toEqual(first.map(({ body }) => body));
    expect(await rowsOf(asked)).toHaveLength(200);
  });

  it('20 imports at once are accepted, each with all of its riders', async () => {
    const lists = Array.from({ length: 20 }, () => riders(50));
    const answers = await Promise.all(lists.map((riderIds) => send(slow, '/v1/riders/import', { riderIds })));
    expect(statuses(answers)).toEqual(lists.map(() => 202));
    const kept = await test.db
      .select({ commandId: wantedRiders.commandId, riders: count() })
      .from(wantedRiders)
      .where(
        inArray(
          wantedRiders.commandId,
          answers.map(({ body }) => body.commandId),
        ),
      )
      .groupBy(wantedRiders.commandId);
    expect(kept.map((each) => each.riders)).toEqual(lists.map(() => 50));
  });
});

describe('the estimates of many adds at once', () => {
  it('give each its own place and time, from few questions to the limiter', async () => {
    const inAnHour = Math.ceil(test.clock.now()) + 3_600_000;
    const limiter = await playWindows(await test.busOf('limiter'), () => [
      spentUntil('riders_single', inAnHour),
      spentUntil('riders_bulk', inAnHour + 86_400_000),
    ]);
    others.push(limiter);
    await test.db.delete(commands);
    const asked = riders(50);
    const answers = await Promise.all(asked.map((riderId) => add(slow, riderId)));
    const times = answers
      .map(({ body }) => Date.parse(body.estimatedAt))
      .toSorted((one, other) => one - other);
    // One call a minute, counted from its answer two seconds and its margin later: each goes that long after the one before it.
    expect(times).toEqual(asked.map((_, index) => inAnHour + index * 63_000));
    expect(limiter.asked()).toBeLessThan(asked.length);
  });
});

describe('more commands than API_COMMAND_QUEUE', () => {
  it('are refused with 503 that names the bound, and those that wait are accepted', async () => {
    const url = await start({ env: { API_COMMAND_QUEUE: '3' } });
    const asked = riders(10);
    const waiting = new Set<Promise<Answer>>();
    const answered: Answer[] = [];
    await test.db.transaction(async (locked) => {
      await locked.execute(sql`lock table ${commands} in share mode`);
      for (const riderId of asked) {
        const answer = add(url, riderId);
        waiting.add(answer);
        void answer.then((early) => {
          waiting.delete(answer);
          answered.push(early);
        });
      }
      await test.until(() => expect(answered).toHaveLength(7));
    });
    const accepted = await Promise.all(waiting);
    expect(statuses(accepted)).toEqual([202, 202, 202]);
    expect(await rowsOf(asked)).toHaveLength(3);
    for (const { status, headers, body } of answered.slice(0, 7)) {
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('5');
      expect(body).toMatchObject({
        type: '/docs/problems#unavailable',
        detail: '3 commands wait to be stored already; API_COMMAND_QUEUE allows no more',
      });
    }
  });
});

describe('a frozen server', () => {
  it('Postgres: commands wait while reads give up, and are accepted when it goes on', async () => {
    const url = await start({});
    const { rows } = await test.db.execute<{ data_directory: string }>(sql`show data_directory`);
    const goOn = await freeze(rows[0]?.data_directory ?? 'none');
    const [plain, keyed] = [riders(20), riders(20)];
    const early: Answer[] = [];
    const answers = [
      ...plain.map((riderId) => add(url, riderId)),
      ...keyed.map((riderId) => add(url, riderId, { 'idempotency-key': `frozen-${riderId}` })),
    ];
    for (const answer of answers) void answer.then((each) => early.push(each));
    try {
      // More reads than connections: one has to wait for a connection, and a read does so for five seconds.
      const reads = riders(20).map(() => ask(`${url}/v1/riders`));
      expect((await Promise.race(reads)).status).toBe(503);
      expect(early).toEqual([]);
    } finally {
      goOn();
    }
    expect(statuses(await Promise.all(answers))).toEqual(answers.map(() => 202));
    expect(await rowsOf([...plain, ...keyed])).toHaveLength(40);
  });

  it('the broker: commands are accepted without an estimate, and handed on when it goes on', async () => {
    const url = await start({});
    const asked = riders(5);
    const goOn = await freeze(test.place.nats.storeDir);
    let answers: Answer[];
    try {
      answers = await Promise.all(asked.map((riderId) => add(url, riderId)));
    } finally {
      goOn();
    }
    expect(statuses(answers)).toEqual(asked.map(() => 202));
    expect(answers.map(({ body }) => body.estimatedAt)).toEqual(asked.map(() => null));
    const ids = answers.map(({ body }) => body.commandId as string);
    await test.until(async () => {
      const handedOn = (await inStream()).filter((id) => ids.includes(id));
      expect(handedOn.toSorted()).toEqual(ids.toSorted());
    });
  });
});

describe('a frozen broker', () => {
  it('refuses to ask for a run and to cancel within 10 s, and neither happens later', async () => {
    const url = await start({});
    const { body } = await add(url, (rider += 1));
    const { streams } = await provisioner.js.jetstreamManager();
    const ticks = async () => (await streams.info('TICKS')).state.last_seq;
    const before = await ticks();
    const goOn = await freeze(test.place.nats.storeDir);
    const from = performance.now();
    let answers: Answer[];
    try {
      answers = await Promise.all([
        send(url, '/v1/syncs/rider/trigger', {}),
        send(url, `/v1/commands/${body.commandId}/cancel`, {}),
      ]);
    } finally {
      goOn();
    }
    expect(statuses(answers)).toEqual([503, 503]);
    expect(answers.map((answer) => answer.body.detail)).toEqual([
      'The broker does not answer',
      'The broker does not answer',
    ]);
    expect(performance.now() - from).toBeLessThan(10_000);
    await test.until(async () => expect((await ask(`${url}/readyz`)).status).toBe(200));
    expect(await ticks()).toBe(before);
    expect((await ask(`${url}/v1/commands/${body.commandId}`)).body.state).not.toBe('failed');
  });
});

describe('a connection that breaks before Postgres has answered', () => {
  /** Refuses an add whose row is stored all the same. */
  async function refuse(headers: Record<string, string> = {}) {
    // Its time stands still: the sweep takes no command for left behind.
    const standing = await startTestApi({ place: await dedicatedBackend() });
    others.push(standing);
    const { DATABASE_URL, link } = await linkTo(standing.place.postgres, 0);
    others.push({ stop: () => link.close() });
    const { url } = await standing.startAnother({ env: { DATABASE_URL } });

    const stored = () => standing.db.$count(commands);
    const waitingForLock = async () => {
      const { rows } = await standing.db.execute(sql`
        select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into "commands"%'`);
      return rows.length;
    };
    const adding = await standing.db.transaction(async (locked) => {
      await locked.execute(sql`lock table ${commands} in share mode`);
      const answer = add(url, 1, headers);
      await test.until(async () => expect(await waitingForLock()).toBe(1));
      link.holdAnswers();
      return { answer };
    });
    await test.until(async () => expect(await stored()).toBe(1));
    link.cut();
    const answer = await adding.answer;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    return { standing, url, stored };
  }

  it('refuses the command, and what was stored of it is withdrawn', async () => {
    const { standing, stored } = await refuse();
    await standing.until(async () => expect(await stored()).toBe(0));
  });

  it('a request sent again with its key is accepted at once, and its command stays', async () => {
    const key = { 'idempotency-key': 'cut' };
    const { standing, url, stored } = await refuse(key);
    const { status, body } = await standing.during(add(url, 1, key));
    expect(status).toBe(202);
    await standing.pass(10_000);
    expect(await stored()).toBe(1);
    expect((await ask(`${url}/v1/commands/${body.commandId}`)).status).toBe(200);
  });
});

describe('a server that has stopped', () => {
  it('Postgres: commands are refused with 503 within two seconds', async () => {
    const key = { 'idempotency-key': 'while-postgres-is-stopped' };
    await test.place.postgres.kill();
    const from = performance.now();
    const answers = await Promise.all([
      add(test.api.url, 1),
      add(test.api.url, 1, key),
      send(test.api.url, '/v1/riders/import', { riderIds: [1, 2] }),
    ]);
    expect(performance.now() - from).toBeLessThan(2_000);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('5');
      expect(body.detail).toBe('The database does not answer');
    }
    await test.place.postgres.restart();
  });

  it('the broker: commands are refused with 503 until it is back', async () => {
    await test.place.nats.kill();
    await test.until(async () => {
      expect((await test.get('/readyz')).body.checks.broker).toBe('The broker does not answer');
    });
    const before = await test.db.$count(commands);
    for (const answer of [
      await add(test.api.url, 1),
      await send(test.api.url, '/v1/riders/import', { riderIds: [1, 2] }),
    ]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(answer.body.detail).toBe('The broker does not answer');
    }
    expect(await test.db.$count(commands)).toBe(before);
    await test.place.nats.restart();
    await test.until(async () => expect((await test.get('/readyz')).status).toBe(200));
    expect((await add(test.api.url, 1)).status).toBe(202);
  });
});
