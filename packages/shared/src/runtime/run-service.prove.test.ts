import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Child, type LogLine, startChild } from '../telemetry/testing/child.ts';
import { startOtlpReceiver } from '../telemetry/testing/otlp-receiver.ts';

const script = new URL('./testing/tiny-service.ts', import.meta.url);
const children: Child[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function tiny(habit = '', env: Record<string, string> = {}) {
  const child = startChild(script, { HEALTH_PORT: '0', TINY: habit, ...env });
  children.push(child);
  return child;
}

/** Waits for the line with this message. */
const line = (child: Child, msg: string): Promise<LogLine> =>
  vi.waitFor(
    () => {
      const found = child.lines().find((each) => each.msg === msg);
      if (!found) throw new Error(`"${msg}" was not logged in\n${child.output()}`);
      return found;
    },
    { timeout: 30_000, interval: 20 },
  );

async function get(child: Child, path: string) {
  const { url } = await line(child, 'serving /livez, /readyz and /metrics');
  const answer = await fetch(`${String(url)}${path}`);
  return { status: answer.status, text: await answer.text() };
}

const messages = (child: Child) => child.lines().map(({ msg }) => msg);

describe('a running service', { timeout: 60_000 }, () => {
  it('is ready once it has started, and hands out its metrics', async () => {
    const child = tiny();
    await line(child, 'started');
    expect(await get(child, '/readyz')).toEqual({
      status: 200,
      text: '{"ready":true,"checks":{"broker":"ok","database":"ok"}}',
    });
    expect((await get(child, '/metrics')).text).toContain('nodejs_eventloop');
  });

  it('lives, but is not ready, while it starts', async () => {
    const child = tiny('starts slowly');
    expect(await get(child, '/livez')).toMatchObject({ status: 200 });
    expect(await get(child, '/readyz')).toEqual({
      status: 503,
      text: '{"ready":false,"checks":{"service":"starting"}}',
    });
  });

  it('names the check that fails and its reason, without secrets', async () => {
    const child = tiny('is not ready');
    await line(child, 'started');
    expect(await get(child, '/readyz')).toEqual({
      status: 503,
      text: '{"ready":false,"checks":{"broker":"ok","database":"no answer from postgres://***@db"}}',
    });
  });

  it('lives by the clock of its configuration', async () => {
    const child = tiny('', { PACELINE_CLOCK: 'scale=60,anchor=1764788400000' });
    expect(await line(child, 'at work')).toMatchObject({ service: 'tiny', scale: 60 });
  });
});

describe('a service that can not start', { timeout: 60_000 }, () => {
  it('says why, without secrets, and exits with 1', async () => {
    const child = tiny('cannot start');
    expect(await child.exited).toBe(1);
    expect(child.lines().at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'could not start: no answer from nats://***@127.0.0.1:4222',
      err: { stack: expect.stringContaining('tiny-service.ts') },
    });
    expect(child.output()).not.toContain('hush');
  });

  it('says so when its health port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const child = tiny('', { HEALTH_PORT: String(port) });
    expect(await child.exited).toBe(1);
    expect(messages(child)).toEqual([
      `could not start: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    ]);
    other.close();
  });

  it('names what is wrong with its configuration and exits with 78', async () => {
    const child = tiny('', { LOG_LEVEL: 'loud' });
    expect(await child.exited).toBe(78);
    expect(child.output()).toContain('LOG_LEVEL');
  });
});

describe('the end of a service', { timeout: 60_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s drains, closes, sends its spans and exits with 0',
    async (signal) => {
      const otlp = await startOtlpReceiver();
      const child = tiny('', { ...otlp.env, OTEL_BSP_SCHEDULE_DELAY: '60000' });
      await line(child, 'started');
      child.kill(signal);
      await child.endedWell();
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

  it('shows in its readiness at once, while work in hand is finished', async () => {
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

  it('comes at once on a second signal', async () => {
    const child = tiny('drains slowly');
    await line(child, 'started');
    child.kill('SIGTERM');
    await line(child, 'draining');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(messages(child)).not.toContain('closing');
  });

  it('does not wait for ever for a drain that hangs: it closes, and exits with 1', async () => {
    const child = tiny('never drains');
    await line(child, 'started');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(messages(child).slice(-3)).toEqual(['draining', 'shutdown: drain failed', 'closing']);
    expect(await line(child, 'shutdown: drain failed')).toMatchObject({
      err: { message: 'did not finish within 100 ms' },
    });
  });

  it('exits with 1 when something could not be closed', async () => {
    const child = tiny('cannot close');
    await line(child, 'started');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(await line(child, 'shutdown: close failed')).toMatchObject({ err: { message: 'still in use' } });
  });

  it('may come while it still starts: what has started by then is closed', async () => {
    const child = tiny('starts slowly');
    await line(child, 'serving /livez, /readyz and /metrics');
    child.kill('SIGTERM');
    await child.endedWell();
    expect(messages(child).slice(-3)).toEqual(['draining', 'closing', 'stopped']);
  });

  it('may come instead of a start, which is no failure', async () => {
    const child = tiny('gives up starting');
    await line(child, 'serving /livez, /readyz and /metrics');
    child.kill('SIGTERM');
    await child.endedWell();
    expect(messages(child).slice(-2)).toEqual(['shutting down', 'stopped']);
  });

  it.each([
    ['crashes', 'Unexpected token'],
    ['forgets a promise', 'nobody caught me'],
  ])('takes the same way out when it %s, and exits with 1', async (habit, reason) => {
    const child = tiny(habit);
    expect(await child.exited).toBe(1);
    expect(await line(child, 'uncaught error: shutting down')).toMatchObject({
      level: 'fatal',
      err: { message: expect.stringContaining(reason) },
    });
    expect(messages(child)).toEqual(expect.arrayContaining(['draining', 'closing']));
  });
});
