import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { documentedMetrics } from '@paceline/launcher/testing/metrics-table';
import type { SyncKind } from '@paceline/shared/definition';
import { connect } from '@paceline/shared/messaging';
import { type ReceivedSpan, startOtlpReceiver } from '@paceline/shared/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callEchoing, startEchoingUpstreams } from './testing/echoing-upstream.ts';
import {
  responsesOf,
  logsOf,
  messagesOf,
  ownPasswords,
  type SystemText,
  rowsOf,
  secretsIn,
} from './testing/planted.ts';

const scale = 120;
/** Secrets that must not appear anywhere. */
const planted = {
  ZWIFTRACING_API_KEY: 'planted/upstream+key?of=ours',
  API_TOKEN: 'planted-token-of-an-operator',
  API_VIEWER_TOKEN: 'planted-token-of-a-viewer',
};
/** Of calls through the door. */
const doorSecrets = {
  program: 'planted-token-of-a-program',
  header: 'planted.key.of-a-header',
  query: 'planted/key+of a?query',
};
const webhookSecret = 'planted-webhook-secret';

let collector: Awaited<ReturnType<typeof startOtlpReceiver>>;
let echoing: Awaited<ReturnType<typeof startEchoingUpstreams>>;
let folder: string;
let stack: TestStack;

beforeAll(async () => {
  collector = await startOtlpReceiver();
  folder = await mkdtemp(join(tmpdir(), 'paceline-echoing-'));
  echoing = await startEchoingUpstreams(folder, doorSecrets);
  stack = await startTestStack(oneEvening(scale), {
    ...collector.env,
    ...planted,
    ...echoing.env,
    API_PROGRAM_TOKENS: `export=${doorSecrets.program}`,
    // Nothing listens there, so failed messages are logged.
    SLACK_WEBHOOK_URL: `https://127.0.0.1:9/services/${webhookSecret}`,
  });
});

afterAll(async () => {
  await stack?.stop();
  echoing?.close();
  await collector?.close();
  await rm(folder, { recursive: true });
});

const throughDoor = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${stack.apiUrl}/upstream/${path}`, {
    headers: { authorization: `Bearer ${doorSecrets.program}`, ...headers },
  });

const finishedRuns = async (kind: SyncKind) =>
  (await stack.api.all('GET /v1/runs')).filter((run) => run.kind === kind && run.state === 'done');

describe('a first start', () => {
  it('stores the whole club', async () => {
    const { clubs } = await stack.control<{ clubs: Array<{ id: number; size: number }> }>('/control/world');
    const club = clubs.find(({ id }) => id === 20650);
    await eventually(async () => {
      const riders = await stack.api.all('GET /v1/riders');
      expect(new Set(riders.map(({ riderId }) => riderId)).size).toBe(riders.length);
      expect(riders).toHaveLength(club?.size ?? -1);
    });
  });

  it('stores the upcoming events with signups, and finishes a run of every sync kind', async () => {
    await eventually(async () => {
      for (const kind of ['rider', 'near', 'far'] as const) {
        expect((await finishedRuns(kind))[0], kind).toMatchObject({ reason: null });
      }
    });
    await eventually(async () => {
      const events = await stack.api.all('GET /v1/events');
      expect(events.length).toBeGreaterThan(500);
      const fetched = events.find(({ signupsFetchedAt }) => signupsFetchedAt !== null);
      const signups = await stack.api.all('GET /v1/events/{eventId}/signups', {
        path: { eventId: fetched?.eventId ?? '' },
      });
      expect(signups.length).toBeGreaterThan(0);
    });
  });

  it('has a broker that loses nothing acknowledged in a power cut', async () => {
    await eventually(async () =>
      expect((await stack.api.call('GET /v1/health')).durability).toMatchObject({
        sync: 'always',
        title: null,
      }),
    );
  });

  it('causes no rejected call', async () => {
    const { arrivals } = await stack.control<{ arrivals: Array<{ budget: string; verdict: string }> }>(
      '/control/audit',
    );
    const called = new Set(arrivals.map(({ budget }) => budget));
    expect(called).toEqual(new Set(['clubs', 'events', 'signups']));
    expect(arrivals.filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });
});

describe('an added rider', () => {
  /** In no club of the sandbox. */
  const stranger = 4_900_123;

  it('is accepted with its state, and stored soon after', async () => {
    const { status, headers, body } = await stack.post('/v1/riders', JSON.stringify({ riderId: stranger }));
    expect(status).toBe(202);
    expect(body).toMatchObject({ riderId: stranger, state: expect.any(String) });
    const location = headers.get('location') ?? '';
    await eventually(async () => {
      expect(await stack.get(location)).toMatchObject({ state: 'done' });
      expect(await stack.get(`/v1/riders/${stranger}`)).toMatchObject({ riderId: stranger });
    });
  });

  it('is in the response when the client prefers to wait', async () => {
    const { status, body } = await stack.post('/v1/riders', JSON.stringify({ riderId: stranger + 1 }), {
      prefer: 'wait=20',
    });
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain(String(stranger + 1));
  });

  it('fails with a reason when upstream does not know it', async () => {
    const { headers } = await stack.post('/v1/riders', JSON.stringify({ riderId: 7 }));
    const location = headers.get('location') ?? '';
    await eventually(async () => {
      const command = await stack.get<{ state: string; reason: string }>(location);
      expect(command.state).toBe('failed');
      expect(command.reason).toContain('7');
    });
  });

  it.each([
    ['a word', '{"riderId":"abc"}', 'riderId'],
    ['a negative number', '{"riderId":-1}', 'riderId'],
    ['no id', '{}', 'riderId'],
    ['invalid JSON', 'riderId=5', 'body'],
  ])('with %s is rejected with a problem that names the field', async (_, body, field) => {
    const response = await stack.post('/v1/riders', body);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.stringify(response.body)).toContain(field);
  });
});

describe('one trace', () => {
  const chain = (spans: readonly ReceivedSpan[], leaf: ReceivedSpan): string[] => {
    const parent = spans.find(({ spanId }) => spanId === leaf.parentSpanId);
    return [...(parent ? chain(spans, parent) : []), `${leaf.service}: ${leaf.name}`];
  };
  const traceWith = (spans: readonly ReceivedSpan[], name: string, test: (all: ReceivedSpan[]) => boolean) =>
    [...new Set(spans.filter((span) => span.name === name).map(({ traceId }) => traceId))]
      .map((traceId) => spans.filter((span) => span.traceId === traceId))
      .find(test);
  const stores = (span: ReceivedSpan) => /^(INSERT|rider-calls-end) /.test(span.name);

  it('spans the POST, the broker, the permit, the upstream call and the insert', async () => {
    const { headers } = await stack.post('/v1/riders', JSON.stringify({ riderId: 4_900_200 }));
    const traceId = headers.get('x-trace-id');
    expect(await stack.get(headers.get('location') ?? '')).toMatchObject({ traceId });
    await eventually(() => {
      const trace = traceWith(
        collector.spans(),
        'POST /v1/riders',
        (spans) =>
          spans[0]?.traceId === traceId &&
          spans.some((span) => span.service === 'rider-sync' && stores(span)),
      );
      const paths = (trace ?? []).map((span) => chain(trace ?? [], span).join(' > '));
      const root = 'api: POST /v1/riders';
      const handled = expect.stringMatching(
        `^${root} .*> api: publish paceline.command.add-rider > rider-sync: process paceline.command.add-rider`,
      );
      expect(paths).toContainEqual(handled);
      expect(paths).toContainEqual(expect.stringMatching(`^${root} .*> rider-sync: permit riders_single$`));
      expect(paths).toContainEqual(
        expect.stringMatching(`^${root} .*permit riders_single > limiter: commit permit$`),
      );
      expect(paths).toContainEqual(expect.stringMatching(`^${root} .*> rider-sync: GET`));
      expect(paths).toContainEqual(expect.stringMatching(`^${root} .*> rider-sync: rider-calls-end `));
      const permit = trace?.find(({ name }) => name === 'permit riders_single');
      expect(permit?.events.map(({ name }) => name).slice(-2)).toEqual(['granted', 'started']);
    });
  });

  it('spans the slot, its tick, the run, the permits, the calls and the inserts', async () => {
    let tracedRun: ReceivedSpan | undefined;
    await eventually(() => {
      // Only a slot with calls: any other may have ended before its tick is handled.
      const trace = traceWith(collector.spans(), 'slot near', (spans) =>
        spans.some((span) => span.service === 'event-sync' && span.name === 'GET'),
      );
      const paths = (trace ?? []).map((span) => chain(trace ?? [], span).join(' > '));
      const run =
        'scheduler: slot near > scheduler: publish paceline.tick.near > event-sync: process paceline.tick.near > event-sync: run near';
      expect(paths).toContainEqual(run);
      expect(paths).toContainEqual(expect.stringMatching(`^${run} .*> limiter: commit permit$`));
      expect(paths).toContainEqual(expect.stringMatching(`^${run} .*> event-sync: GET`));
      expect(paths).toContainEqual(expect.stringMatching(`^${run} .*> event-sync: INSERT `));
      tracedRun = trace?.find(({ name }) => name === 'run near');
    });
    expect(await stack.get(`/v1/runs/${String(tracedRun?.attributes['paceline.run'])}`)).toMatchObject({
      traceId: tracedRun?.traceId,
    });
  });

  it('spans a call through the door, from the caller’s own span to the row in the call log', async () => {
    const [traceId, callerSpan] = ['5ca1ab1e'.repeat(4), 'c0ffee'.padEnd(16, '1')];
    const { status, headers } = await throughDoor('zwiftracing/public/riders/4900300', {
      traceparent: `00-${traceId}-${callerSpan}-01`,
    });
    expect([status, headers.get('x-trace-id')]).toEqual([200, traceId]);
    await eventually(() => {
      const spans = collector.spans().filter((span) => span.traceId === traceId);
      const root = spans.find(({ name }) => name.startsWith('GET /upstream/'));
      expect(root?.parentSpanId).toBe(callerSpan);
      const paths = spans.map((span) => chain(spans, span).join(' > '));
      const call = 'api: GET /upstream/:upstream/\\*';
      const permit = `${call} .*> api: permit riders_single`;
      for (const path of [permit, `${permit} .*> limiter: commit permit`])
        expect(paths).toContainEqual(expect.stringMatching(`^${path}$`));
      for (const step of ['call-start paceline', 'GET', 'call-end paceline'])
        expect(paths).toContainEqual(expect.stringMatching(`^${call} .*> api: ${step}$`));
    });
  });

  it('follows the semantic conventions', () => {
    const spans = collector.spans();
    const attributesOf = (name: string) => spans.find((span) => span.name === name)?.attributes;
    const tick = { 'messaging.system': 'nats', 'messaging.destination.name': 'paceline.tick.near' };
    expect(attributesOf('publish paceline.tick.near')).toMatchObject({
      ...tick,
      'messaging.operation.type': 'send',
      'messaging.message.id': expect.stringMatching(/^slot:near:/),
    });
    expect(attributesOf('process paceline.tick.near')).toMatchObject({
      ...tick,
      'messaging.operation.type': 'process',
      'messaging.message.id': expect.stringMatching(/^slot:near:/),
      'messaging.consumer.group.name': expect.any(String),
    });
    expect(attributesOf('GET')).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'url.full': expect.stringContaining('/api/'),
    });
    expect(attributesOf('INSERT paceline')).toMatchObject({
      'db.system.name': 'postgresql',
      'db.namespace': 'paceline',
      'db.operation.name': 'INSERT',
    });
    // Span names must have low cardinality: no ids.
    expect(new Set(spans.map(({ name }) => name)).size).toBeLessThan(120);
    expect(spans.filter(({ name }) => /\d{3}|[0-9a-f]{8}-/.test(name))).toEqual([]);
  });
});

describe('the metrics of all services', () => {
  const scrape = async () => {
    const services = [...stack.processes.values()].filter(({ name }) => name !== 'sandbox');
    const texts = services.map(async ({ readyUrl }) => {
      const response = await fetch(readyUrl.replace('/readyz', '/metrics'), {
        headers: { authorization: `Bearer ${planted.API_TOKEN}` },
      });
      return response.text();
    });
    return (await Promise.all(texts)).join('\n').split('\n');
  };
  const namesIn = (lines: readonly string[]) =>
    new Set(lines.flatMap((line) => /^# TYPE (\w+)/.exec(line)?.[1] ?? []));

  it('are the documented ones, with the documented labels', async () => {
    const table = await documentedMetrics();
    const ours = table.filter(({ name }) => name.startsWith('paceline_'));
    await eventually(async () => {
      const lines = await scrape();
      const names = namesIn(lines);
      expect([...names].filter((name) => name.startsWith('paceline_')).toSorted()).toEqual(
        ours.map(({ name }) => name).toSorted(),
      );
      for (const { name, labels } of ours) {
        const series = lines.filter((line) => new RegExp(`^${name}(_count)?[{ ]`).test(line));
        const found = series.flatMap((line) => [...line.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
        expect([...new Set(found)].toSorted(), name).toEqual(labels);
      }
      for (const { name } of table) {
        const pattern = new RegExp(`^${name.replace('*', '.*')}$`);
        expect([...names].filter((each) => pattern.test(each)).length, name).toBeGreaterThan(0);
      }
    });
  });
});

describe('secrets', () => {
  it('appear in no log, trace, metric, response, page, row, event or dead letter, even after errors', async () => {
    const doorAnswers = await callDoors();
    const streamToken = await provoke();
    const spans = [{ where: 'traces', text: JSON.stringify(collector.spans()) }];
    const readable: SystemText[] = [
      ...spans,
      ...doorAnswers,
      ...(await logsOf(stack)),
      ...(await responsesOf(stack, planted.API_TOKEN)),
      ...(await rowsOf(stack)),
      ...(await messagesOf(stack, 'EVENTS')),
      ...(await messagesOf(stack, 'DEAD_LETTERS')),
    ];
    const secrets = {
      ...planted,
      ...doorSecrets,
      webhook: webhookSecret,
      streamToken,
      ...ownPasswords(stack),
    };
    expect(Object.values(secrets).every((secret) => secret.length > 10)).toBe(true);
    const where = readable.map((each) => each.where).join('\n');
    for (const kind of ['log api.log', 'log limiter.log', '/metrics', 'table commands', 'dead-letter'])
      expect(where).toContain(kind);
    const found = readable.flatMap(({ where: place, text }) =>
      secretsIn(text, secrets).map((name) => `${name} in ${place}`),
    );
    expect(found).toEqual([]);
  });

  async function callDoors(): Promise<SystemText[]> {
    // With the token also where it does not belong.
    const answers = await callEchoing((path) => throughDoor(`${path}?api_token=${doorSecrets.program}`));
    await eventually(async () => {
      const log = (await rowsOf(stack)).find(({ where }) => where === 'table sync_logs')?.text ?? '';
      const rows = log.split('"to_json"').filter((row) => row.includes('"caller":"export"'));
      expect(rows.filter((row) => !row.includes('"ended_at":null')).length).toBeGreaterThan(answers.length);
    });
    return answers;
  }

  /** Causes errors wherever a secret is in use. Returns a token for streams, which is in URLs. */
  async function provoke(): Promise<string> {
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    await fetch(`${stack.apiUrl}/v1/riders?token=${planted.API_TOKEN}`, {
      headers: bearer('wrong-token-here'),
    });
    const { token: streamToken } = await stack.api.call('POST /v1/stream/tokens');
    for (const path of ['/v1/stream', `/v1/commands/${crypto.randomUUID()}/stream`, '/v1/riders']) {
      const response = await fetch(`${stack.apiUrl}${path}?token=${streamToken}`);
      await response.body?.cancel();
    }
    await stack.post('/v1/riders', JSON.stringify({ riderId: planted.API_TOKEN }));
    await fetch(`${stack.apiUrl}/v1/syncs/near/trigger`, {
      method: 'POST',
      headers: bearer(planted.API_VIEWER_TOKEN),
    });
    // An unreadable response, and a lower limit than documented: raises an alert, which cannot be sent to Slack.
    await control('/control/faults', { kind: 'html', budget: 'signups', times: 1 });
    await control('/control/policies', { signups: { limit: 1, windowMs: 3_600_000 } });
    await eventually(async () => {
      const { items } = await stack.api.call('GET /v1/alerts');
      expect(items.map(({ type }) => type)).toContain('rate_limit_exceeded');
    });
    const admin = await connect(stack.broker.adminUrl, 'provision');
    admin.publish('paceline.command.add-rider', '{"riderId": "none"}');
    await admin.drain();
    await eventually(async () => expect(await messagesOf(stack, 'DEAD_LETTERS')).not.toEqual([]));
    // Database and broker crash while in use.
    for (const server of [stack.database, ...stack.broker.servers]) {
      await server?.crash();
      await stack.get('/v1/riders').catch(() => undefined);
      await server?.start();
    }
    await eventually(() => stack.get('/v1/riders'));
    return streamToken;
  }

  const control = (path: string, body: object) =>
    fetch(`${stack.sandboxUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
});
