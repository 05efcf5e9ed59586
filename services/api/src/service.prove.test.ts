import { tables } from '@paceline/shared/database';
import { type OtlpReceiver, startOtlpReceiver } from '@paceline/shared/telemetry/testing';
import { inArray } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send, startTestApi, type TestApi } from './testing/api.ts';
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
/** Commands are rejected until the API is connected to the broker. */
const isReady = (url: string) =>
  test.until(async () => expect((await send(`${url}/readyz`)).status).toBe(200));
let lastRider = 0;
/** Adds another rider each time: an add of one that waits would be the same command. */
const addRider = (headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ riderId: (lastRider += 1) }),
});

describe('the trace of a request', () => {
  it('continues from the client through the API to the message, and its id is in the response', async () => {
    const url = await start().url();
    await isReady(url);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const { status, headers } = await send(`${url}/v1/riders`, addRider({ traceparent }));
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
      expect(spans.some(({ name }) => name.startsWith('commands-add '))).toBe(true);
    });
  });

  it('is stored with its own command for each of many concurrent requests', async () => {
    const url = await start().url();
    await isReady(url);
    const traces = Array.from({ length: 50 }, (_, index) => (index + 1).toString(16).padStart(32, 'c'));
    const responses = await Promise.all(
      traces.map((traceId) =>
        send(`${url}/v1/riders`, addRider({ traceparent: `00-${traceId}-b7ad6b7169203331-01` })),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual(traces.map(() => 202));
    const ids = responses.map(({ body }) => body.commandId as string);
    const rows = await test.db.select().from(tables.commands).where(inArray(tables.commands.commandId, ids));
    const traceOf = new Map(
      rows.map(({ commandId, traceparent }) => [commandId, traceparent?.split('-')[1]]),
    );
    expect(ids.map((id) => traceOf.get(id))).toEqual(traces);
  });

  it('names the route instead of the path, is no failure for client errors, and excludes the probes', async () => {
    const url = await start().url();
    await send(`${url}/livez`);
    const { headers } = await send(`${url}/v1/riders/999`);
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

  it('has its duration measured by route', async () => {
    const url = await start().url();
    await send(`${url}/v1/riders/999`);
    const { body } = await send(`${url}/metrics`);
    expect(body).toMatch(
      /http_server_request_duration_seconds_count\{[^}]*http_route="\/v1\/riders\/:riderId"/,
    );
  });
});

describe('the process', () => {
  it('logs that its port is in use, and exits', async () => {
    const { lines, ended } = start({ API_PORT: String(test.api.port) });
    expect(await ended).toBe(1);
    expect(lines().at(-1)).toMatchObject({
      level: 'fatal',
      msg: `failed to start: Port ${test.api.port} on 127.0.0.1 is already in use; set API_PORT to a free port`,
    });
  });

  it('serves stored data before the broker is available', async () => {
    const url = await start({ NATS_URL: 'nats://127.0.0.1:1' }).url();
    expect((await send(`${url}/livez`)).status).toBe(200);
    expect((await send(`${url}/v1/riders`)).status).toBe(200);
    expect((await send(`${url}/readyz`)).body.checks).toEqual({
      database: 'ok',
      broker: 'Not connected to the broker yet',
      storage: 'Not connected to the broker yet',
    });
    expect((await send(`${url}/v1/riders`, addRider())).status).toBe(503);
    await test.until(async () => {
      const { body } = await send(`${url}/metrics`);
      expect(body).toMatch(/^paceline_part_up\{.*part="database".*\} 1$/m);
      expect(body).toMatch(/^paceline_part_up\{.*part="broker".*\} 0$/m);
    });
  });

  it('responds to waiting requests on SIGTERM, and exits cleanly', async () => {
    const { child, url, lines, ended } = start();
    const base = await url();
    await test.until(() => expect(lines().map(({ msg }) => msg)).toContain('started'));
    const before = (await test.get('/v1/commands?limit=500')).body.items.length;
    const waiting = send(`${base}/v1/riders`, addRider({ prefer: 'wait=30' }));
    await test.until(async () => {
      expect((await test.get('/v1/commands?limit=500')).body.items.length).toBe(before + 1);
    });
    child.kill('SIGTERM');
    expect((await waiting).status).toBe(202);
    expect(await ended).toBe(0);
  });

  it('is not ready any more after SIGTERM, but serves until load balancers have noticed', async () => {
    const { child, url, lines, ended } = start({ API_SHUTDOWN_DELAY: '3s' });
    const base = await url();
    await isReady(base);
    await test.until(() => expect(lines().map(({ msg }) => msg)).toContain('started'));
    child.kill('SIGTERM');
    await test.until(async () =>
      expect(await send(`${base}/readyz`)).toMatchObject({
        status: 503,
        body: { checks: { service: 'shutting down' } },
      }),
    );
    const { status, headers } = await send(`${base}/v1/riders`, addRider());
    expect([status, headers.get('connection')]).toEqual([202, 'close']);
    expect(await ended).toBe(0);
  });

  it('exits on SIGTERM while it still waits for the broker', async () => {
    const { child, url, ended } = start({ NATS_URL: 'nats://127.0.0.1:1' });
    await url();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
