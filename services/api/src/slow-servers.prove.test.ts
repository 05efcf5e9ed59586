import { tables } from '@paceline/shared/database';
import type { Bus } from '@paceline/shared/messaging';
import { type SlowProxy, startSlowProxy, type TestPostgres } from '@paceline/shared/testing';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { count, inArray, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send as sendTo, startTestApi, type TestApi, type TestResponse } from './testing/api.ts';
import { freeze } from './testing/processes.ts';
import { fakeWindows, spentUntil } from './testing/services.ts';

const { commands, wantedRiders } = tables;
let test: TestApi<DedicatedBackend>;
let provisioner: Bus;
const others: Array<{ stop(): Promise<void> }> = [];
/** URL of an API whose database responds 300 ms late. */
let slow: string;
let slowProxy: SlowProxy;
let rider = 1_000;

beforeAll(async () => {
  test = await startTestApi({ backend: await dedicatedBackend(), runs: true });
  provisioner = await test.busOf('admin');
  const { DATABASE_URL, proxy } = await proxyTo(test.backend.postgres, 300);
  slowProxy = proxy;
  slow = (await test.startAnother({ env: { DATABASE_URL } })).url;
});
afterEach(async () => {
  for (const other of others.splice(0).toReversed()) await other.stop();
});
afterAll(async () => {
  await test?.stop();
  await slowProxy?.close();
});

async function start(settings: Parameters<TestApi['startAnother']>[0]): Promise<string> {
  const api = await test.startAnother(settings);
  others.push(api);
  return api.url;
}
async function proxyTo(
  postgres: TestPostgres,
  delayMs: number,
): Promise<{ DATABASE_URL: string; proxy: SlowProxy }> {
  const url = new URL(postgres.url);
  const proxy = await startSlowProxy(Number(url.port), delayMs);
  url.port = String(proxy.port);
  return { DATABASE_URL: url.href, proxy };
}
const send = (url: string, path: string, body: object, headers: Record<string, string> = {}) =>
  sendTo(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const add = (url: string, riderId: number, headers?: Record<string, string>) =>
  send(url, '/v1/riders', { riderId }, headers);
const riders = (count: number) => Array.from({ length: count }, () => (rider += 1));
const statuses = (responses: readonly TestResponse[]) => responses.map(({ status }) => status);

/** The command id of each message in the stream. */
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

describe('the API with a database that responds 300 ms late', () => {
  it('accepts 200 concurrent adds, storing and publishing each once', async () => {
    const riderIds = riders(200);
    const responses = await Promise.all(riderIds.map((riderId) => add(slow, riderId)));

    expect(statuses(responses)).toEqual(riderIds.map(() => 202));
    const ids = responses.map(({ body }) => body.commandId as string);
    expect((await rowsOf(riderIds)).map(({ commandId }) => commandId).toSorted()).toEqual(ids.toSorted());
    const publishedIds = (await inStream()).filter((id) => ids.includes(id));
    expect(publishedIds.toSorted()).toEqual(ids.toSorted());
    // Marked as published, and not published again by the sweep.
    await test.until(async () => {
      const rows = await rowsOf(riderIds);
      expect(rows.filter(({ publishedAt, sequence }) => !publishedAt || !sequence)).toEqual([]);
    });
    expect((await inStream()).filter((id) => ids.includes(id))).toHaveLength(200);
  });

  it('accepts 200 adds with keys, and returns the same responses when repeated', async () => {
    const riderIds = riders(200);
    const post = (riderId: number) => add(slow, riderId, { 'idempotency-key': `slow-${riderId}` });
    const first = await Promise.all(riderIds.map(post));
    const again = await Promise.all(riderIds.map(post));
    expect(statuses(first)).toEqual(riderIds.map(() => 202));
    expect(again.map(({ body }) => body)).toEqual(first.map(({ body }) => body));
    expect(await rowsOf(riderIds)).toHaveLength(200);
  });

  it('accepts 20 concurrent imports, each with all its riders', async () => {
    const lists = Array.from({ length: 20 }, () => riders(50));
    const responses = await Promise.all(
      lists.map((riderIds) => send(slow, '/v1/riders/import', { riderIds })),
    );
    expect(statuses(responses)).toEqual(lists.map(() => 202));
    const kept = await test.db
      .select({ commandId: wantedRiders.commandId, riders: count() })
      .from(wantedRiders)
      .where(
        inArray(
          wantedRiders.commandId,
          responses.map(({ body }) => body.commandId),
        ),
      )
      .groupBy(wantedRiders.commandId);
    expect(kept.map((each) => each.riders)).toEqual(lists.map(() => 50));
  });
});

describe('the estimates of many concurrent adds', () => {
  it('differ, with few requests to the limiter', async () => {
    const inAnHour = Math.ceil(test.clock.now()) + 3_600_000;
    const limiter = await fakeWindows(await test.busOf('limiter'), () => [
      spentUntil('riders_single', inAnHour),
      spentUntil('riders_bulk', inAnHour + 86_400_000),
    ]);
    others.push(limiter);
    await test.db.delete(commands);
    const riderIds = riders(50);
    const responses = await Promise.all(riderIds.map((riderId) => add(slow, riderId)));
    const times = responses
      .map(({ body }) => Date.parse(body.estimatedAt))
      .toSorted((one, other) => one - other);
    // 1 call per minute, counted from its response two seconds later, plus a margin of one second.
    expect(times).toEqual(riderIds.map((_, index) => inAnHour + index * 63_000));
    expect(limiter.requests()).toBeLessThan(riderIds.length);
  });
});

describe('more commands than API_COMMAND_QUEUE', () => {
  it('get 503 with the limit, while the waiting ones are accepted', async () => {
    const url = await start({ env: { API_COMMAND_QUEUE: '3' } });
    const riderIds = riders(10);
    const waiting = new Set<Promise<TestResponse>>();
    const rejectedResponses: TestResponse[] = [];
    await test.db.transaction(async (locked) => {
      await locked.execute(sql`lock table ${commands} in share mode`);
      for (const riderId of riderIds) {
        const response = add(url, riderId);
        waiting.add(response);
        void response.then((early) => {
          waiting.delete(response);
          rejectedResponses.push(early);
        });
      }
      await test.until(() => expect(rejectedResponses).toHaveLength(7));
    });
    const accepted = await Promise.all(waiting);
    expect(statuses(accepted)).toEqual([202, 202, 202]);
    expect(await rowsOf(riderIds)).toHaveLength(3);
    for (const { status, headers, body } of rejectedResponses.slice(0, 7)) {
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('5');
      expect(body).toMatchObject({
        type: '/docs/problems#unavailable',
        detail: 'Command queue full: 3 commands waiting to be stored (API_COMMAND_QUEUE)',
      });
    }
  });
});

describe('the API with a frozen server', () => {
  it('lets commands wait for Postgres while reads time out, and accepts them once it continues', async () => {
    const url = await start({});
    const { rows } = await test.db.execute<{ data_directory: string }>(sql`show data_directory`);
    const resume = await freeze(rows[0]?.data_directory ?? 'none');
    const [plain, keyed] = [riders(20), riders(20)];
    const early: TestResponse[] = [];
    const responses = [
      ...plain.map((riderId) => add(url, riderId)),
      ...keyed.map((riderId) => add(url, riderId, { 'idempotency-key': `frozen-${riderId}` })),
    ];
    for (const response of responses) void response.then((each) => early.push(each));
    try {
      // More reads than connections: one has to wait for a connection, and a read does so for five seconds.
      const reads = riders(20).map(() => sendTo(`${url}/v1/riders`));
      expect((await Promise.race(reads)).status).toBe(503);
      expect(early).toEqual([]);
    } finally {
      resume();
    }
    expect(statuses(await Promise.all(responses))).toEqual(responses.map(() => 202));
    expect(await rowsOf([...plain, ...keyed])).toHaveLength(40);
  });

  it('accepts commands without an estimate, and publishes them once the broker continues', async () => {
    const url = await start({});
    const riderIds = riders(5);
    const resume = await freeze(test.backend.nats.storeDir);
    let responses: TestResponse[];
    try {
      responses = await Promise.all(riderIds.map((riderId) => add(url, riderId)));
    } finally {
      resume();
    }
    expect(statuses(responses)).toEqual(riderIds.map(() => 202));
    expect(responses.map(({ body }) => body.estimatedAt)).toEqual(riderIds.map(() => null));
    const ids = responses.map(({ body }) => body.commandId as string);
    await test.until(async () => {
      const publishedIds = (await inStream()).filter((id) => ids.includes(id));
      expect(publishedIds.toSorted()).toEqual(ids.toSorted());
    });
  });
});

describe('the API with a frozen broker', () => {
  it('rejects triggers and cancellations within 10 s, and neither happens later', async () => {
    const url = await start({});
    const { body } = await add(url, (rider += 1));
    const { streams } = await provisioner.js.jetstreamManager();
    const ticks = async () => (await streams.info('TICKS')).state.last_seq;
    const before = await ticks();
    const resume = await freeze(test.backend.nats.storeDir);
    const from = performance.now();
    let responses: TestResponse[];
    try {
      responses = await Promise.all([
        send(url, '/v1/syncs/rider/trigger', {}),
        send(url, `/v1/commands/${body.commandId}/cancel`, {}),
      ]);
    } finally {
      resume();
    }
    expect(statuses(responses)).toEqual([503, 503]);
    expect(responses.map((response) => response.body.detail)).toEqual([
      'The broker does not answer',
      'The broker does not answer',
    ]);
    expect(performance.now() - from).toBeLessThan(10_000);
    await test.until(async () => expect((await sendTo(`${url}/readyz`)).status).toBe(200));
    expect(await ticks()).toBe(before);
    expect((await sendTo(`${url}/v1/commands/${body.commandId}`)).body.state).not.toBe('cancelled');
  });
});

describe('a connection that breaks before Postgres has responded', () => {
  /** Gets an add rejected whose row is stored anyway. */
  async function rejectStored(headers: Record<string, string> = {}) {
    // Its clock does not run, so that the sweep finds no unpublished command.
    const stopped = await startTestApi({ backend: await dedicatedBackend() });
    others.push(stopped);
    const { DATABASE_URL, proxy } = await proxyTo(stopped.backend.postgres, 0);
    others.push({ stop: () => proxy.close() });
    const { url } = await stopped.startAnother({ env: { DATABASE_URL } });

    const stored = () => stopped.db.$count(commands);
    const waitingForLock = async () => {
      const { rows } = await stopped.db.execute(sql`
        select from pg_stat_activity where wait_event_type = 'Lock' and query like 'with given as%'`);
      return rows.length;
    };
    const adding = await stopped.db.transaction(async (locked) => {
      await locked.execute(sql`lock table ${commands} in share mode`);
      const response = add(url, 1, headers);
      await test.until(async () => expect(await waitingForLock()).toBe(1));
      proxy.holdResponses();
      return { response };
    });
    await test.until(async () => expect(await stored()).toBe(1));
    proxy.cut();
    const response = await adding.response;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    return { stopped, url, stored };
  }

  it('gets the command rejected and withdrawn', async () => {
    const { stopped, stored } = await rejectStored();
    await stopped.until(async () => expect(await stored()).toBe(0));
  });

  it('lets the request be repeated with its key, and keeps that command', async () => {
    const key = { 'idempotency-key': 'cut' };
    const { stopped, url, stored } = await rejectStored(key);
    const { status, body } = await stopped.during(add(url, 1, key));
    expect(status).toBe(202);
    await stopped.pass(10_000);
    expect(await stored()).toBe(1);
    expect((await sendTo(`${url}/v1/commands/${body.commandId}`)).status).toBe(200);
  });
});

describe('the API without a server', () => {
  it('rejects commands with 503 within two seconds without Postgres', async () => {
    const key = { 'idempotency-key': 'while-postgres-is-stopped' };
    await test.backend.postgres.kill();
    const from = performance.now();
    const responses = await Promise.all([
      add(test.api.url, 1),
      add(test.api.url, 1, key),
      send(test.api.url, '/v1/riders/import', { riderIds: [1, 2] }),
    ]);
    expect(performance.now() - from).toBeLessThan(2_000);
    for (const { status, headers, body } of responses) {
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('5');
      expect(body.detail).toBe('The database does not answer');
    }
    await test.backend.postgres.restart();
  });

  it('rejects commands with 503 until the broker is back', async () => {
    await test.backend.nats.kill();
    await test.until(async () => {
      expect((await test.get('/readyz')).body.checks.broker).toBe('Disconnected: connection refused');
    });
    const before = await test.db.$count(commands);
    for (const response of [
      await add(test.api.url, 1),
      await send(test.api.url, '/v1/riders/import', { riderIds: [1, 2] }),
    ]) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
      expect(response.body.detail).toBe('The broker does not answer');
    }
    expect(await test.db.$count(commands)).toBe(before);
    await test.backend.nats.restart();
    await test.until(async () => expect((await test.get('/readyz')).status).toBe(200));
    expect((await add(test.api.url, 1)).status).toBe(202);
  });
});
