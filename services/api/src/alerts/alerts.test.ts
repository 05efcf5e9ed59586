import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type AlertChanged, catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { accountOf, createLimiters, type Limiters } from '@paceline/shared/limiter';
import { respond, subscribe } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';

const messages: string[] = [];
let chatRejects = true;
let chat: Server;
let test: TestApi;
let limiter: { stop(): Promise<void> };
let clients: Limiters;
const changes: AlertChanged[] = [];

beforeAll(async () => {
  chat = createServer((request, response) => {
    void text(request).then((body) => {
      if (!chatRejects) messages.push((JSON.parse(body) as { text: string }).text);
      response.writeHead(chatRejects ? 503 : 200).end('ok');
    });
  });
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve));
  const env = {
    SLACK_WEBHOOK_URL: `http://127.0.0.1:${(chat.address() as AddressInfo).port}`,
    API_PUBLIC_URL: 'http://paceline.test/',
  };
  test = await startTestApi({ env, scale: 60 });
  await test.startAnother();
  limiter = await runRealLimiter(test);
  respond(await test.busOf('event-sync'), catalog.freshness, {}, (_, reply) =>
    reply({ at: 0, classes: [], next: [] }),
  );
  clients = createLimiters(await test.busOf('rider-sync'), test.clock);
  subscribe(await test.busOf('admin'), catalog.alertChanged, {}, (change) => changes.push(change));
});

afterAll(async () => {
  await clients?.close();
  await limiter?.stop();
  await test?.stop();
  chat?.close();
});

const reject = (endpoint: 'events' | 'signups') =>
  test.during(
    clients.of(accountOf(apiKey)).withPermit({ endpoint, lane: 'manual_rider_add' }, async (permit) => {
      permit.use();
      permit.settle({ result: 'answered', status: 429, retryAfterMs: 60_000 });
    }),
  );

describe('several rejected calls, with two replicas of the API', () => {
  it('raise one open alert, sent to the chat once, as soon as the chat accepts messages', async () => {
    await Promise.all([reject('events'), reject('signups')]);
    const { items } = await test.until(async () => {
      const { body } = await test.get('/v1/alerts?state=open');
      expect(body.items).toHaveLength(1);
      return body;
    });
    await reject('events');
    chatRejects = false;
    await test.until(() => expect(messages).toHaveLength(1));
    expect(messages[0]).toContain(items[0].title);
    expect(messages[0]).toContain(`<http://paceline.test/#/alerts/${encodeURIComponent(items[0].alertId)}|`);
    expect(items[0]).toMatchObject({ type: 'rate_limit_exceeded', severity: 'error', resolvedAt: null });
    expect((await test.get(`/v1/alerts/${items[0].alertId}`)).body.alertId).toBe(items[0].alertId);
  });

  it('resolve the alert some time after the last one, and send that to the chat once', async () => {
    await test.until(() => expect(messages).toHaveLength(2));
    expect(messages[1]).toMatch(/^:white_check_mark: \*Resolved: ZwiftRacing rejects calls/);
    const { body } = await test.get('/v1/alerts?state=resolved&type=rate_limit_exceeded');
    expect(body.items).toHaveLength(1);
    expect((await test.get('/v1/alerts?state=open')).body.items).toEqual([]);
    await test.until(() =>
      expect(changes.map(({ resolvedAt }) => resolvedAt !== null)).toEqual([false, true]),
    );
    const rows = await test.db.select().from(tables.alerts);
    expect(rows.map(({ type }) => type)).toEqual(['rate_limit_exceeded']);
  });
});

describe('GET /v1/alerts', () => {
  it('rejects an unknown state, and returns 404 for an unknown alert', async () => {
    expect((await test.get('/v1/alerts?state=loud')).body.errors).toMatchObject([{ field: 'state' }]);
    expect((await test.get('/v1/alerts/none')).status).toBe(404);
  });
});
