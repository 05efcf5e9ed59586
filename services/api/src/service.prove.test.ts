import { tables } from '@paceline/shared/database';
import { type OtlpReceiver, startOtlpReceiver } from '@paceline/shared/telemetry/testing';
import { inArray } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, startTestApi, type TestApi } from './testing/api.ts';
import { type ApiProcess, runApi } from './testing/processes.ts';

let test: TestApi;
let otlp: OtlpReceiver;
const started: ApiProcess[] = [];

beforeAll(async () => {
  [test, otlp] = await Promise.all([startTestApi({ runs: true }), startOtlpReceiver()]);
});
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await test?.stop();
  await otlp?.close();
});

function start(env: Record<string, string> = {}): ApiProcess {
  const api = runApi({ ...test.env, ...otlp.env, ...env });
  started.push(api);
  return api;
}
/** Until the broker is reached every command is refused. */
const isReady = (url: string) =>
  test.until(async () => expect((await ask(`${url}/readyz`)).status).toBe(200));
const addRider = (headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: '{"riderId":1}',
});

describe('the trace of a request', () => {
  it('goes from its caller through the API to the message, and its id is on the answer', async () => {
    const url = await start().url();
    await isReady(url);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const { status, headers } = await ask(`${url}/v1/riders`, addRider({ traceparent }));
    expect(status).toBe(202);
    expect(headers.get('x-trace-id')).toBe(traceId);

    await test.until(() => {
      const spans = otlp.spans().filter((span) => span.traceId === traceId && span.service === 'api');
      const server = spans.find(({ name }) => name === 'POST /v1/riders');
      expect(server).toMatchObject({
        kind: 'server',
        parentSpanId: 'b7ad6b7169203331',
        attributes: { 'http.route': '/v1/riders', 'http.response.status_code': 202 },
      });
      expect(spans).toContainEqual(
        expect.objectContaining({
          name: 'publish paceline.command.add-rider',
          kind: 'producer',
          parentSpanId: server?.spanId,
        }),
      );
      expect(spans.some(({ name }) => name.startsWith('INSERT '))).toBe(true);
    });
  });

  it('is stored with its command, each with its own, when many come at once', async () => {
    const url = await start().url();
    await isReady(url);
    const traces = Array.from({ length: 50 }, (_, index) => (index + 1).toString(16).padStart(32, 'c'));
    const answers = await Promise.all(
      traces.map((traceId) =>
        ask(`${url}/v1/riders`, addRider({ traceparent: `00-${traceId}-b7ad6b7169203331-01` })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(traces.map(() => 202));
    const ids = answers.map(({ body }) => body.commandId as string);
    const rows = await test.db.select().from(tables.commands).where(inArray(tables.commands.commandId, ids));
    const traceOf = new Map(
      rows.map(({ commandId, traceparent }) => [commandId, traceparent?.split('-')[1]]),
    );
    expect(ids.map((id) => traceOf.get(id))).toEqual(traces);
  });

  it('names the route and not the path, is no failure when the asker was wrong, and leaves the probes out', async () => {
    const url = await start().url();
    await ask(`${url}/livez`);
    const { headers } = await ask(`${url}/v1/riders/999`);
    const traceId = headers.get('x-trace-id');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    await test.until(() => {
      const span = otlp.spans().find((each) => each.traceId === traceId && each.kind === 'server');
      expect(span).toMatchObject({
        name: 'GET /v1/riders/:riderId',
        attributes: { 'http.response.status_code': 404 },
        status: { code: 'unset' },
        events: [],
      });
    });
    expect(otlp.spans().filter(({ name }) => /livez|readyz|metrics/.test(name))).toEqual([]);
  });

  it('is counted by its route', async () => {
    const url = await start().url();
    await ask(`${url}/v1/riders/999`);
    const { body } = await ask(`${url}/metrics`);
    expect(body).toMatch(
      /http_server_request_duration_seconds_count\{[^}]*http_route="\/v1\/riders\/:riderId"/,
    );
  });
});

describe('the process', () => {
  it('says plainly that its port is taken, and ends', async () => {
    const { lines, ended } = start({ API_PORT: String(test.api.port) });
    expect(await ended).toBe(1);
    expect(lines().at(-1)).toMatchObject({
      level: 'fatal',
      msg: `could not start: Port ${test.api.port} of 127.0.0.1 is taken; set API_PORT to a free one`,
    });
  });

  it('serves what is stored before the broker is there', async () => {
    const url = await start({ NATS_URL: 'nats://127.0.0.1:1' }).url();
    expect((await ask(`${url}/livez`)).status).toBe(200);
    expect((await ask(`${url}/v1/riders`)).status).toBe(200);
    expect((await ask(`${url}/readyz`)).body.checks).toEqual({
      database: 'ok',
      broker: 'The broker has not been reached yet',
    });
    expect((await ask(`${url}/v1/riders`, addRider())).status).toBe(503);
  });

  it('answers those who wait when it is told to end, and ends well', async () => {
    const { child, url, lines, ended } = start();
    const base = await url();
    await test.until(() => expect(lines().map(({ msg }) => msg)).toContain('started'));
    const known = (await test.get('/v1/commands?limit=500')).body.items.length;
    const waiting = ask(`${base}/v1/riders`, addRider({ prefer: 'wait=30' }));
    await test.until(async () => {
      expect((await test.get('/v1/commands?limit=500')).body.items.length).toBe(known + 1);
    });
    child.kill('SIGTERM');
    expect((await waiting).status).toBe(202);
    expect(await ended).toBe(0);
  });

  it('ends when it is told to while it still waits for the broker', async () => {
    const { child, url, ended } = start({ NATS_URL: 'nats://127.0.0.1:1' });
    await url();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
