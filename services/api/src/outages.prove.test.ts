import { catalog } from '@paceline/shared/contracts';
import { freePort } from '@paceline/embedded';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send, startTestApi, type TestApi, type TestResponse } from './testing/api.ts';
import { fakeStatus, idleStatus } from './testing/services.ts';
import { commandRow } from './testing/rows.ts';
import { watch } from './testing/sse.ts';

let test: TestApi<DedicatedBackend>;
beforeAll(async () => {
  test = await startTestApi({ backend: await dedicatedBackend(), runs: true });
});
afterAll(() => test?.stop());

const checks = async () => {
  const { status, body } = await test.get('/readyz');
  return { status, ready: body.ready, ...body.checks };
};
const allReady = { status: 200, ready: true, database: 'ok', broker: 'ok', storage: 'ok' };
const brokerIs = (state: string) => test.until(async () => expect((await checks()).broker).toBe(state));
const brokerDown = 'The broker does not answer';
const brokerRefuses = 'Disconnected: connection refused';

/** Each test leaves both servers running and connected. */
afterEach(() =>
  test.until(async () => {
    if (!(await checks()).ready) throw new Error('a server is still down');
  }),
);

const unavailable = ({ status, headers, body }: TestResponse) => {
  expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ type: '/docs/problems#unavailable', status: 503 });
  return body;
};

describe('while the broker is down', () => {
  it('rejects commands without storing them, serves reads, and publishes unpublished commands afterwards', async () => {
    const before = await test.db.$count(tables.commands);
    await test.backend.nats.kill();
    await brokerIs(brokerRefuses);
    expect(unavailable(await test.post('/v1/riders', { riderId: 9 })).detail).toBe(brokerDown);
    expect(await test.db.$count(tables.commands)).toBe(before);
    expect((await test.get('/v1/riders')).status).toBe(200);

    const commandId = crypto.randomUUID();
    const requestedAt = test.clock.now() - 60_000;
    await test.db
      .insert(tables.commands)
      .values(commandRow(commandId, { publishedAt: null, requestedAt, updatedAt: requestedAt }));
    await test.backend.nats.restart();
    await test.until(async () => {
      const [row] = await test.db
        .select()
        .from(tables.commands)
        .where(eq(tables.commands.commandId, commandId));
      expect(row?.publishedAt).toEqual(expect.any(Number));
    });
    await brokerIs('ok');
    expect((await test.post('/v1/riders', { riderId: 9 })).status).toBe(202);
  });

  it('releases the Idempotency-Key of a rejected request, so that it can be repeated', async () => {
    const add = () => test.post('/v1/riders', { riderId: 8 }, { 'idempotency-key': 'key-8' });
    await test.backend.nats.kill();
    await brokerIs(brokerRefuses);
    unavailable(await add());
    await test.backend.nats.restart();
    await brokerIs('ok');
    const { status, headers } = await add();
    expect([status, headers.get('idempotency-replayed')]).toEqual([202, null]);
  });

  it('keeps streams open, and continues them afterwards', async () => {
    const viewer = await test.until(() => watch(`${test.api.url}/v1/stream?types=command.changed`));
    const riders = () => viewer.events.map(({ data }) => data.riderId as number);
    const riderSync = await test.busOf('rider-sync');
    const change = (riderId: number) =>
      publish(riderSync, catalog.commandChanged, {
        commandId: `command-${riderId}`,
        riderId,
        at: Math.round(test.clock.now()),
        progress: { state: 'running' },
      });
    await change(1);
    await test.until(() => expect(riders()).toEqual([1]));
    await test.backend.nats.kill();
    await test.backend.nats.restart();
    await test.until(() => change(2));
    await test.until(() => expect(riders()).toEqual([1, 2]));
    viewer.stop();
  });
});

describe('while the database is down', () => {
  it('returns 503, stores nothing of rejected commands, and recovers afterwards', async () => {
    const before = await test.db.$count(tables.commands);
    await test.backend.postgres.kill();
    for (const path of ['/v1/riders', '/v1/commands', '/v1/events', '/v1/runs'])
      unavailable(await test.get(path));
    unavailable(await test.post('/v1/riders', { riderId: 1 }));
    await test.backend.postgres.restart();
    await test.until(async () => expect((await test.get('/v1/riders')).status).toBe(200));
    expect(await test.db.$count(tables.commands)).toBe(before);
  });

  it('rejects commands while it is read-only, as after a failover, and serves reads', async () => {
    await test.backend.postgres.setReadOnly(true);
    await test.until(async () => expect((await checks()).database).toBe('the database is read-only'));
    unavailable(await test.post('/v1/riders', { riderId: 2 }));
    unavailable(await test.post('/v1/riders', { riderId: 2 }, { 'idempotency-key': 'key-2' }));
    unavailable(await test.post('/v1/riders/import', { riderIds: [2] }));
    expect((await test.get('/v1/riders')).status).toBe(200);
    await test.backend.postgres.setReadOnly(false);
    await test.until(async () => expect((await test.post('/v1/riders', { riderId: 2 })).status).toBe(202));
  });

  it('returns the coordination without the sources', async () => {
    const limiter = await fakeStatus(await test.busOf('limiter'), idleStatus);
    await test.backend.postgres.kill();
    // A backend process can outlive its killed Postgres briefly.
    await test.until(async () =>
      expect(await test.get('/v1/coordination')).toMatchObject({ status: 200, body: { sources: null } }),
    );
    await test.backend.postgres.restart();
    await limiter.stop();
  });
});

it('starts while the database is down: names it in the readiness probe, and is ready when it is back', async () => {
  await test.backend.postgres.kill();
  await test.until(async () => expect((await checks()).database).not.toBe('ok'));
  const port = await freePort();
  const starting = test.startAnother({ env: { API_PORT: String(port) } });
  const readiness = async () => (await send(`http://127.0.0.1:${port}/readyz`)).body;
  await test.until(async () =>
    expect(await readiness()).toMatchObject({
      ready: false,
      checks: { database: expect.not.stringMatching('ok') },
    }),
  );
  await test.backend.postgres.restart();
  const another = await starting;
  await test.until(async () => expect(await readiness()).toMatchObject({ ready: true }));
  await another.stop();
});

it('reports which server is down in the readiness probe, while the liveness probe succeeds', async () => {
  await test.backend.nats.kill();
  await test.until(async () =>
    expect(await checks()).toMatchObject({ status: 503, ready: false, database: 'ok' }),
  );
  await brokerIs(brokerRefuses);
  await test.backend.postgres.kill();
  await test.until(async () => expect((await checks()).database).not.toBe('ok'));
  expect((await test.get('/livez')).status).toBe(200);
  await Promise.all([test.backend.nats.restart(), test.backend.postgres.restart()]);
  await test.until(async () => expect(await checks()).toEqual(allReady));
});
