import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { handleError } from './errors.ts';
import { Problem } from './problem.ts';
import { crossOrigin } from './browser.ts';
import { testLog } from '@paceline/shared/testing';

const origin = 'https://team.example';
const app = new Hono().use(crossOrigin([origin])).get('/', (c) => c.text('ok'));
const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin');

describe('a page of another origin', () => {
  it('can read responses only if its origin is configured', async () => {
    expect(allowed(await app.request('/', { headers: { origin } }))).toBe(origin);
    for (const other of ['https://evil.example', 'https://team.example.evil.example', 'null']) {
      expect(allowed(await app.request('/', { headers: { origin: other } }))).toBeNull();
    }
    expect(allowed(await app.request('/'))).toBeNull();
  });

  it('gets a preflight response without a token', async () => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const preflight = await app.request('/', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(allowed(preflight)).toBe(origin);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
  });

  it('cannot send credentials', async () => {
    const { headers } = await app.request('/', { headers: { origin } });
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('can read errors too', async () => {
    const failing = new Hono();
    failing.onError(handleError(testLog('test')));
    failing.use(crossOrigin([origin])).get('/', () => {
      throw new Problem('unauthorized', 'no token');
    });
    const response = await failing.request('/', { headers: { origin } });
    expect([response.status, allowed(response)]).toEqual([401, origin]);
  });
});
