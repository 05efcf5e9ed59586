import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type TestProcess, type LogLine, startTestProcess } from '../telemetry/testing/child.ts';
import { startOtlpReceiver } from '../telemetry/testing/otlp-receiver.ts';

const script = new URL('./testing/tiny-service.ts', import.meta.url);
const children: TestProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function tiny(behavior = '', env: Record<string, string> = {}) {
  const child = startTestProcess(script, { HEALTH_PORT: '0', TINY: behavior, ...env });
  children.push(child);
  return child;
}

/** Waits for the log line with this message. */
const line = (child: TestProcess, msg: string): Promise<LogLine> =>
  vi.waitFor(
    () => {
      const found = child.lines().find((each) => each.msg === msg);
      if (!found) throw new Error(`"${msg}" was not logged in\n${child.output()}`);
      return found;
    },
    { timeout: 30_000, interval: 20 },
  );

async function get(child: TestProcess, path: string) {
  const { url } = await line(child, 'serving /livez, /readyz and /metrics');
  const response = await fetch(`${String(url)}${path}`);
  return { status: response.status, text: await response.text() };
}

const messages = (child: TestProcess) => child.lines().map(({ msg }) => msg);

describe('running service', { timeout: 60_000 }, () => {
  it('is ready once started, and serves its metrics', async () => {
    const child = tiny();
    await line(child, 'started');
    expect(await get(child, '/readyz')).toEqual({
      status: 200,
      text: '{"ready":true,"checks":{"broker":"ok","database":"ok"}}',
    });
    expect((await get(child, '/metrics')).text).toContain('nodejs_eventloop');
  });

  it('is live but not ready while starting', async () => {
    const child = tiny('starts slowly');
    expect(await get(child, '/livez')).toMatchObject({ status: 200 });
    expect(await get(child, '/readyz')).toEqual({
      status: 503,
      text: '{"ready":false,"checks":{"service":"starting"}}',
    });
  });

  it('reports a failing check with its reason, without secrets', async () => {
    const child = tiny('is not ready');
    await line(child, 'started');
    expect(await get(child, '/readyz')).toEqual({
      status: 503,
      text: '{"ready":false,"checks":{"broker":"ok","database":"no response from postgres://***@db"}}',
    });
  });

  it('uses the configured clock', async () => {
    const child = tiny('', { PACELINE_CLOCK: 'scale=60,anchor=1764788400000' });
    expect(await line(child, 'at work')).toMatchObject({ service: 'tiny', scale: 60 });
  });
});

describe('service that cannot start', { timeout: 60_000 }, () => {
  it('logs the reason without secrets, and exits with 1', async () => {
    const child = tiny('cannot start');
    expect(await child.exited).toBe(1);
    expect(child.lines().at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'failed to start: no response from nats://***@127.0.0.1:4222',
      err: { stack: expect.stringContaining('tiny-service.ts') },
    });
    expect(child.output()).not.toContain('hush');
  });

  it('logs that its health port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const child = tiny('', { HEALTH_PORT: String(port) });
    expect(await child.exited).toBe(1);
    expect(messages(child)).toEqual([
      `failed to start: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    ]);
    other.close();
  });

  it('reports an invalid configuration and exits with 78', async () => {
    const child = tiny('', { LOG_LEVEL: 'loud' });
    expect(await child.exited).toBe(78);
    expect(child.output()).toContain('LOG_LEVEL');
  });
});

describe('service shutdown', { timeout: 60_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains, closes, sends its spans and exits with 0 on %s',
    async (signal) => {
      const otlp = await startOtlpReceiver();
      const child = tiny('', { ...otlp.env, OTEL_BSP_SCHEDULE_DELAY: '60000' });
      await line(child, 'started');
      child.kill(signal);
      await child.exitedCleanly();
      expect(messages(child).slice(-5)).toEqual([
        'started',
        'shutting down',
        'draining',
        'closing',
        'stopped',
      ]);
      expect(await line(child, 'draining')).toMatchObject({ aborted: true, reason: 'Error: shutting down' });
      expect(otlp.spans().map(({ name }) => name)).toEqual(['start', 'last work']);
      expect(otlp.spans()[0]).toMatchObject({
        traceId: (await line(child, 'at work')).trace_id,
        spanId: (await line(child, 'at work')).span_id,
      });
      await otlp.close();
    },
  );

  it('makes the service not ready while work in progress finishes', async () => {
    const child = tiny('drains slowly');
    await line(child, 'started');
    child.kill('SIGTERM');
    await line(child, 'draining');
    expect(await get(child, '/readyz')).toEqual({
      status: 503,
      text: '{"ready":false,"checks":{"service":"shutting down"}}',
    });
    expect(await get(child, '/livez')).toMatchObject({ status: 200 });
  });

  it('first lets a service serve for a while that is not ready any more', async () => {
    const child = tiny('leaves');
    await line(child, 'started');
    child.kill('SIGTERM');
    await child.exitedCleanly();
    expect(messages(child).slice(-6)).toEqual([
      'shutting down',
      'leaving',
      'not ready any more, still serving',
      'draining',
      'closing',
      'stopped',
    ]);
    expect(await line(child, 'leaving')).toMatchObject({ aborted: false });
    expect(await line(child, 'draining')).toMatchObject({ aborted: true });
  });

  it('does not wait for load balancers after a second signal', async () => {
    const child = tiny('leaves slowly');
    await line(child, 'started');
    child.kill('SIGTERM');
    await line(child, 'not ready any more, still serving');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
  });

  it('is immediate on a second signal', async () => {
    const child = tiny('drains slowly');
    await line(child, 'started');
    child.kill('SIGTERM');
    await line(child, 'draining');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(messages(child)).not.toContain('closing');
  });

  it('closes and exits with 1 when draining hangs', async () => {
    const child = tiny('never drains');
    await line(child, 'started');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(messages(child).slice(-3)).toEqual(['draining', 'shutdown: drain failed', 'closing']);
    expect(await line(child, 'shutdown: drain failed')).toMatchObject({
      err: { message: 'did not finish within 100 ms' },
    });
  });

  it('exits with 1 when closing fails', async () => {
    const child = tiny('cannot close');
    await line(child, 'started');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(await line(child, 'shutdown: close failed')).toMatchObject({ err: { message: 'still in use' } });
  });

  it('closes a service that was still starting', async () => {
    const child = tiny('starts slowly');
    await line(child, 'serving /livez, /readyz and /metrics');
    child.kill('SIGTERM');
    await child.exitedCleanly();
    expect(messages(child).slice(-3)).toEqual(['draining', 'closing', 'stopped']);
  });

  it('during an aborted start exits with 0', async () => {
    const child = tiny('gives up starting');
    await line(child, 'serving /livez, /readyz and /metrics');
    child.kill('SIGTERM');
    await child.exitedCleanly();
    expect(messages(child).slice(-2)).toEqual(['shutting down', 'stopped']);
  });

  it.each([
    ['crashes', 'Unexpected token'],
    ['rejects unhandled', 'an unhandled rejection'],
  ])('also runs when the service %s, and exits with 1', async (behavior, reason) => {
    const child = tiny(behavior);
    expect(await child.exited).toBe(1);
    expect(await line(child, 'uncaught error, shutting down')).toMatchObject({
      level: 'fatal',
      err: { message: expect.stringContaining(reason) },
    });
    expect(messages(child)).toEqual(expect.arrayContaining(['draining', 'closing']));
  });
});
