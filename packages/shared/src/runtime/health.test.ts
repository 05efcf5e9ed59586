import { afterEach, describe, expect, it } from 'vitest';
import { type HealthOptions, readiness, startHealthServer } from './health.ts';

const never = () => new Promise<void>(() => undefined);

describe('readiness', () => {
  it('is reached when every check passes, and when there are none', async () => {
    expect(await readiness({ broker: () => undefined, database: async () => undefined })).toEqual({
      ready: true,
      checks: { broker: 'ok', database: 'ok' },
    });
    expect(await readiness({})).toEqual({ ready: true, checks: {} });
  });

  it('includes the reason of each check that throws or rejects', async () => {
    const checks = {
      broker() {
        throw new Error('disconnected');
      },
      database: () => Promise.reject(new Error('no response from postgres://me:hush@db')),
      limiter: () => Promise.reject('no owner'),
      upstream: () => Promise.reject(new Error('')),
      clock: () => undefined,
    };
    expect(await readiness(checks)).toEqual({
      ready: false,
      checks: {
        broker: 'disconnected',
        database: 'no response from postgres://***@db',
        limiter: 'no owner',
        upstream: 'not ready',
        clock: 'ok',
      },
    });
  });

  it('runs checks in parallel with a time limit', async () => {
    const { ready, checks } = await readiness({ one: never, two: never, three: () => undefined }, 20);
    expect(ready).toBe(false);
    expect(checks).toEqual({
      one: 'did not finish within 20 ms',
      two: 'did not finish within 20 ms',
      three: 'ok',
    });
  });
});

const servers: Awaited<ReturnType<typeof startHealthServer>>[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Partial<HealthOptions> = {}) {
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    checks: () => ({}),
    metricsText: async () => '# no registered metrics',
    ...options,
  });
  servers.push(server);
  return async (path: string) => {
    const response = await fetch(server.url + path);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };
}

describe('health server', () => {
  it('is live even when a check fails', async () => {
    const get = await serve({ checks: () => ({ broker: () => Promise.reject(new Error('gone')) }) });
    expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
  });

  it('runs the checks for each request', async () => {
    let reason: string | undefined = 'starting';
    const get = await serve({
      checks: () => ({
        broker() {
          if (reason) throw new Error(reason);
        },
      }),
    });
    expect(await get('/readyz')).toEqual({
      status: 503,
      type: 'application/json',
      text: '{"ready":false,"checks":{"broker":"starting"}}',
    });
    reason = undefined;
    expect(await get('/readyz')).toMatchObject({
      status: 200,
      text: '{"ready":true,"checks":{"broker":"ok"}}',
    });
  });

  it('serves metrics in the Prometheus text format', async () => {
    const get = await serve({ metricsText: async () => 'paceline_up 1\n' });
    expect(await get('/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'paceline_up 1\n',
    });
  });

  it('answers 500 when metrics fail, and keeps running', async () => {
    const get = await serve({ metricsText: () => Promise.reject(new Error('no reader')) });
    expect(await get('/metrics')).toMatchObject({ status: 500, text: 'Error: no reader\n' });
    expect(await get('/livez')).toMatchObject({ status: 200 });
  });

  it('answers other paths with 404 and the available ones', async () => {
    const get = await serve();
    expect(await get('/')).toMatchObject({
      status: 404,
      text: 'Not found. Available: /livez, /readyz, /metrics\n',
    });
  });

  it('rejects when its port is in use', async () => {
    await serve();
    const port = Number(new URL(servers[0]?.url ?? '').port);
    await expect(serve({ port })).rejects.toThrow('EADDRINUSE');
  });
});
