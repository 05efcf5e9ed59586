import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type AlertChanged, catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { subscribe } from '@paceline/shared/messaging';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { freeze } from '../testing/processes.ts';

let test: TestApi<DedicatedBackend>;
let chat: Server;
const messages: string[] = [];
/** For waits whose failure must not leave a server frozen. */
const maxMs = 60_000;
const published: AlertChanged[] = [];

beforeAll(async () => {
  chat = createServer((request, response) => {
    void text(request).then((body) => {
      messages.push((JSON.parse(body) as { text: string }).text);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve));
  const env = { SLACK_WEBHOOK_URL: `http://127.0.0.1:${(chat.address() as AddressInfo).port}` };
  test = await startTestApi({ backend: await dedicatedBackend(), runs: true, env });
  await test.startAnother();
  subscribe(await test.busOf('admin'), catalog.alertChanged, {}, (alert) => published.push(alert));
});
afterAll(async () => {
  await test?.stop();
  chat?.close();
});

const parts = async (): Promise<Array<{ part: string; state: string; title: string }>> =>
  (await test.get('/v1/health')).body.parts;
const stateOf = async (name: string) => (await parts()).find(({ part }) => part === name)?.state;
const down = async () => (await parts()).filter(({ state }) => state === 'down').map(({ title }) => title);
const alerts = async (): Promise<string[]> => {
  const { body } = await test.get('/v1/alerts?state=open&type=part_down');
  return body.items?.map(({ title }: { title: string }) => title) ?? [];
};
const storedAlerts = () =>
  test.db.select().from(tables.alerts).where(eq(tables.alerts.key, 'part_down:database'));

describe('a dead database', () => {
  const title = 'The database does not answer';

  it('is named by the health, the alerts, the chat and every error that it causes', async () => {
    await test.until(async () => expect(await stateOf('rider-sync')).toBe('up'));
    await test.backend.postgres.kill();
    await test.until(async () => expect(await down()).toEqual([title]));
    expect(await alerts()).toEqual([title]);
    expect((await test.get('/v1/freshness')).body).toMatchObject({ status: 503, detail: title });
    expect((await test.get('/readyz')).body).toMatchObject({ ready: false });
    await test.until(() => expect(messages.filter((each) => each.includes(title))).toHaveLength(1));
    expect(published.map((each) => each.title)).toContain(title);
  });

  it('has one alert of both processes, which is stored and resolved when it is back', async () => {
    await test.backend.postgres.restart();
    await test.until(async () => expect(await down()).toEqual([]));
    await test.until(async () => {
      const rows = await storedAlerts();
      expect(rows).toMatchObject([{ title, resolvedAt: expect.any(Number) }]);
    });
    await test.until(() => expect(messages).toHaveLength(2));
    expect(messages[1]).toContain('Resolved: The database does not answer');
    expect(await alerts()).toEqual([]);
  });
});

describe('a frozen database', () => {
  it('is named although its connections stay open', async () => {
    const { rows } = await test.db.execute<{ data_directory: string }>(sql`show data_directory`);
    const resume = await freeze(rows[0]?.data_directory ?? 'none');
    const count = published.length;
    try {
      await test.until(async () => expect(await down()).toEqual(['The database does not answer']), maxMs);
      await test.until(() => expect(published.length).toBeGreaterThan(count), maxMs);
    } finally {
      resume();
    }
    await test.until(async () => expect(await down()).toEqual([]));
    await test.until(async () => expect(await alerts()).toEqual([]));
  });
});

describe('a dead broker', () => {
  const title = 'The broker does not answer';

  it('is the only part that is named, as the services cannot be observed without it', async () => {
    await test.backend.nats.kill();
    await test.until(async () => expect(await down()).toEqual([title]));
    await test.until(async () => expect(await alerts()).toEqual([title]));
    expect(await stateOf('limiter')).toBe('unknown');
    for (const path of ['/v1/budgets', '/v1/queue', '/v1/schedule', '/v1/freshness'])
      expect((await test.get(path)).status).toBe(503);
    await test.backend.nats.restart();
    await test.until(async () => expect(await stateOf('limiter')).toBe('up'));
    await test.until(async () => expect(await alerts()).toEqual([]));
  });
});
