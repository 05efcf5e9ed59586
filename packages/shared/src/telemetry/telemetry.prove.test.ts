import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestProcess } from './testing/child.ts';
import { startOtlpReceiver } from './testing/otlp-receiver.ts';

const script = new URL('./testing/traced-script.ts', import.meta.url);
const cleanups: Array<() => unknown> = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function receiver() {
  const otlp = await startOtlpReceiver();
  cleanups.push(() => otlp.close());
  return otlp;
}

/** A server that records its requests and answers with an empty body; when silent it never answers. */
async function listener({ silent = false } = {}) {
  const requests: Array<Pick<IncomingMessage, 'url' | 'headers'> & { body: Buffer }> = [];
  const server = createServer(async (request, response) => {
    requests.push({ url: request.url, headers: request.headers, body: await buffer(request) });
    if (!silent) response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => (server.closeAllConnections(), server.close()));
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Runs the traced script to its end and returns its log lines. */
async function linesOf(env: Record<string, string>) {
  const child = startTestProcess(script, env);
  cleanups.push(() => child.kill('SIGKILL'));
  await child.exitedCleanly();
  return child.lines();
}

const runScript = async (env: Record<string, string>) =>
  Object.fromEntries((await linesOf(env)).map((line) => [line.msg, line]));

const diagnosticsOf = async (env: Record<string, string>) =>
  (await linesOf(env)).filter(({ component }) => component === 'telemetry').map(({ msg }) => msg);

describe('telemetry', { timeout: 60_000 }, () => {
  it('sends pending spans on stop, with the package name as the service', async () => {
    const otlp = await receiver();
    await runScript({ ...otlp.env, OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' });
    expect(otlp.spans()).toEqual([
      expect.objectContaining({
        name: 'work',
        kind: 'consumer',
        service: 'shared',
        attributes: { riders: 3 },
        parentSpanId: undefined,
        status: { code: 'unset', message: '' },
      }),
    ]);
  });

  it('uses OTEL_SERVICE_NAME as the service', async () => {
    const otlp = await receiver();
    await runScript({ ...otlp.env, OTEL_SERVICE_NAME: 'rider-sync' });
    expect(otlp.spans()[0]?.service).toBe('rider-sync');
  });

  it('traces HTTP calls inside a span, propagates the context, and records no key', async () => {
    const [otlp, upstream] = [await receiver(), await listener()];
    await runScript({ ...otlp.env, FETCH_URL: upstream.url });
    const [call, work] = otlp.spans();
    expect(otlp.spans()).toHaveLength(2);
    expect(call).toMatchObject({ name: 'GET', kind: 'client', parentSpanId: work?.spanId });
    const [unrelated, traced] = upstream.requests;
    expect(unrelated?.headers.traceparent).toBeUndefined();
    expect(traced?.headers.traceparent).toBe(`00-${call?.traceId}-${call?.spanId}-01`);
    expect(traced?.headers.authorization).toBe('the-upstream-key');
    expect(JSON.stringify(otlp.spans())).not.toContain('the-upstream-key');
  });

  it('sends protobuf by default, to the endpoint and with the headers of the standard variables', async () => {
    const collector = await listener();
    await runScript({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/somewhere`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=paceline',
    });
    const [sent] = collector.requests;
    expect(collector.requests).toHaveLength(1);
    expect(sent?.url).toBe('/somewhere');
    expect(sent?.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'x-tenant': 'paceline' });
    expect(sent?.body.includes('work')).toBe(true);
  });

  it('sends metrics to a common endpoint too, unless they are off', async () => {
    const [both, tracesOnly] = [await listener(), await listener()];
    await runScript({ OTEL_EXPORTER_OTLP_ENDPOINT: both.url });
    await runScript({ OTEL_EXPORTER_OTLP_ENDPOINT: tracesOnly.url, OTEL_METRICS_EXPORTER: 'none' });
    expect(new Set(both.requests.map(({ url }) => url))).toEqual(new Set(['/v1/metrics', '/v1/traces']));
    expect(
      both.requests.find(({ url }) => url === '/v1/metrics')?.body.includes('paceline_cups_of_tea'),
    ).toBe(true);
    expect(tracesOnly.requests.map(({ url }) => url)).toEqual(['/v1/traces']);
  });

  it.each(['5000', '0'])('starts with a metric interval of %s', async (interval) => {
    const collector = await listener();
    await runScript({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: collector.url,
      OTEL_METRIC_EXPORT_INTERVAL: interval,
    });
    expect(collector.requests).toHaveLength(1);
  });

  it('measures each HTTP call once, by host and status', async () => {
    const [otlp, upstream] = [await receiver(), await listener()];
    for (const env of [{}, otlp.env]) {
      const { metrics } = await runScript({ ...env, FETCH_URL: upstream.url });
      const counts = /^http_client_request_duration_seconds_count\{(.*)\} (\d+)$/gm;
      const [count, ...others] = String(metrics?.text).matchAll(counts);
      expect(others).toEqual([]);
      expect(count?.[1]).toContain('server_address="127.0.0.1"');
      expect(count?.[1]).toContain('http_response_status_code="200"');
      expect(count?.[2]).toBe('2');
    }
  });

  it('provides span ids and metrics without a collector', async () => {
    const { worked, metrics } = await runScript({});
    expect(worked?.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(worked?.span_id).toMatch(/^[0-9a-f]{16}$/);
    expect(metrics?.trace_id).toBeUndefined();
    expect(metrics?.text).toContain('# TYPE paceline_cups_of_tea_total counter');
    expect(metrics?.text).toContain('paceline_cups_of_tea_total{milk="no"} 2');
    expect(metrics?.text).toContain('nodejs_eventloop_utilization');
    expect(metrics?.text).toContain('service_namespace="paceline"');
  });

  it('samples by OTEL_TRACES_SAMPLER', async () => {
    const otlp = await receiver();
    const { worked } = await runScript({ ...otlp.env, OTEL_TRACES_SAMPLER: 'always_off' });
    expect(otlp.spans()).toEqual([]);
    expect(worked?.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('does nothing when the SDK is disabled', async () => {
    const otlp = await receiver();
    const { worked, metrics } = await runScript({ ...otlp.env, OTEL_SDK_DISABLED: 'true' });
    expect(otlp.spans()).toEqual([]);
    expect(worked).not.toHaveProperty('trace_id');
    expect(metrics?.text).toBe('# telemetry is not started\n');
  });

  it('does not delay the exit when the collector never answers', async () => {
    const collector = await listener({ silent: true });
    const anHour = '3600000';
    const { stopped } = await runScript({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: anHour,
      OTEL_BSP_EXPORT_TIMEOUT: anHour,
      OTEL_METRIC_EXPORT_TIMEOUT: anHour,
      OTEL_METRIC_EXPORT_INTERVAL: anHour,
    });
    expect(collector.requests).not.toHaveLength(0);
    expect(stopped).toBeDefined();
  });

  it('warns about an unsupported protocol, and falls back to protobuf', async () => {
    const collector = await listener();
    const diagnostics = await diagnosticsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    });
    expect(diagnostics).toEqual([
      'OTLP over grpc is not supported, sending traces as http/protobuf',
      'OTLP over grpc is not supported, sending metrics as http/protobuf',
    ]);
    expect(collector.requests).toHaveLength(2);
  });

  it('logs once that its collector is unreachable', async () => {
    const diagnostics = await diagnosticsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    });
    expect(diagnostics).toEqual(['telemetry failed: connect ECONNREFUSED 127.0.0.1:1']);
  });
});
