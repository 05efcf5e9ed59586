import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { answerError } from './errors.ts';
import { Problem } from './problem.ts';
import { crossOrigin } from './browser.ts';
import { testLog } from '@paceline/shared/testing';

const origin = 'https://team.example';
const app = new Hono().use(crossOrigin([origin])).get('/', (c) => c.text('ok'));
const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin');

describe('a page of another origin', () => {
  it('may read answers when it is configured, and no other one may', async () => {
    expect(allowed(await app.request('/', { headers: { origin } }))).toBe(origin);
    for (const other of ['https://evil.example', 'https://team.example.evil.example', 'null']) {
      expect(allowed(await app.request('/', { headers: { origin: other } }))).toBeNull();
    }
    expect(allowed(await app.request('/'))).toBeNull();
  });

  it('is told beforehand what it may send, without a token', async () => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const asked = await app.request('/', { method: 'OPTIONS', headers });
    expect(asked.status).toBe(204);
    expect(allowed(asked)).toBe(origin);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')).toContain('idempotency-key');
  });

  it('gets no cookies along', async () => {
    const { headers } = await app.request('/', { headers: { origin } });
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('may read refusals too', async () => {
    const refusing = new Hono();
    refusing.onError(answerError(testLog('test')));
    refusing.use(crossOrigin([origin])).get('/', () => {
      throw new Problem('unauthorized', 'no token');
    });
    const refused = await refusing.request('/', { headers: { origin } });
    expect([refused.status, allowed(refused)]).toEqual([401, origin]);
  });
});
