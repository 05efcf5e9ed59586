import { afterEach, describe, expect, it } from 'vitest';
import { type HealthSettings, readiness, startHealthServer } from './health.ts';

const never = () => new Promise<void>(() => undefined);

describe('readiness', () => {
  it('is there when every check passes, or when there are none', async () => {
    expect(await readiness({ broker: () => undefined, database: async () => undefined })).toEqual({
      ready: true,
      checks: { broker: 'ok', database: 'ok' },
    });
    expect(await readiness({})).toEqual({ ready: true, checks: {} });
  });

  it('names each check that throws or rejects, with its reason', async () => {
    const checks = {
      broker() {
        throw new Error('disconnected');
      },
      database: () => Promise.reject(new Error('no answer from postgres://me:hush@db')),
      limiter: () => Promise.reject('no owner'),
      upstream: () => Promise.reject(new Error('')),
      clock: () => undefined,
    };
    expect(await readiness(checks)).toEqual({
      ready: false,
      checks: {
        broker: 'disconnected',
        database: 'no answer from postgres://***@db',
        limiter: 'no owner',
        upstream: 'not ready',
        clock: 'ok',
      },
    });
  });

  it('does not wait for ever for a check, nor for one after the other', async () => {
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

async function serve(settings: Partial<HealthSettings> = {}) {
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    checks: () => ({}),
    metricsText: async () => '# no registered metrics',
    ...settings,
  });
  servers.push(server);
  return async (path: string) => {
    const answer = await fetch(server.url + path);
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
}

describe('the health server', () => {
  it('lives, whatever the checks say', async () => {
    const get = await serve({ checks: () => ({ broker: () => Promise.reject(new Error('gone')) }) });
    expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
  });

  it('asks the checks anew each time', async () => {
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

  it('hands out metrics in the format that Prometheus reads', async () => {
    const get = await serve({ metricsText: async () => 'paceline_up 1\n' });
    expect(await get('/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'paceline_up 1\n',
    });
  });

  it('answers 500 when metrics fail, and goes on', async () => {
    const get = await serve({ metricsText: () => Promise.reject(new Error('no reader')) });
    expect(await get('/metrics')).toMatchObject({ status: 500, text: 'Error: no reader\n' });
    expect(await get('/livez')).toMatchObject({ status: 200 });
  });

  it('says what there is when it is asked for something else', async () => {
    const get = await serve();
    expect(await get('/')).toMatchObject({ status: 404, text: 'There are /livez, /readyz and /metrics.\n' });
  });

  it('rejects when its port is taken', async () => {
    await serve();
    const port = Number(new URL(servers[0]?.url ?? '').port);
    await expect(serve({ port })).rejects.toThrow('EADDRINUSE');
  });
});
